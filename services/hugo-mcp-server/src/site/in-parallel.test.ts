import { inParallel } from './in-parallel.ts';

test('each item is worked on once, so many at a time and no more', async () => {
  const seen: (number | undefined)[] = [];
  let [running, most] = [0, 0];
  await inParallel([1, undefined, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(item);
    running -= 1;
  });
  expect(seen).toHaveLength(7);
  expect(new Set(seen)).toEqual(new Set([1, undefined, 3, 4, 5, 6, 7]));
  expect(most).toBe(3);
  await inParallel([], 3, () => Promise.reject(new Error('never')));
});

test('the first failure is told, and nothing is begun after it', async () => {
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    await new Promise((resolve) => setImmediate(resolve));
    if (item === 2) throw new Error('two');
  };
  await expect(inParallel([1, 2, 3, 4, 5, 6], 2, work)).rejects.toThrow('two');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(begun).toEqual([1, 2, 3]);
});
