import { giveBackMemory } from './give-back-memory.ts';

test('collects what nobody holds any more, and leaves no way to do so behind', async () => {
  const dropped = new WeakRef({ large: new Array(1000).fill('x') });
  // A WeakRef keeps its target until the job that made it is over.
  await new Promise((resolve) => setImmediate(resolve));
  const done = giveBackMemory(1);
  expect(dropped.deref()).toBeUndefined();
  expect((globalThis as { gc?: unknown }).gc).toBeUndefined();
  // The pause keeps no process alive: something else has to.
  const alive = setInterval(() => {}, 1000);
  await done;
  clearInterval(alive);
});
