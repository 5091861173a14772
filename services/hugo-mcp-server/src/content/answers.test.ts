import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Answers, answerKey, openAnswers } from './answers.ts';

const hours = 3600_000;
let dir: string;
let clock: number;
let errors: unknown[];
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'answers-'));
  clock = Date.UTC(2026, 0, 1);
  errors = [];
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const open = (): Promise<Answers> =>
  openAnswers({ dir: path.join(dir, 'answers'), now: () => clock, onError: (_, error) => errors.push(error) });
const caller = { sub: 'owner', clientId: 'client' };
const key = (name: string, args: Record<string, unknown> = {}) => answerKey(caller, name, 'tool', args);

test('a key names one call of one caller, whatever the order of its arguments', () => {
  const one = key('k', { a: 1, b: [{ c: 2, d: 3 }], idempotency_key: 'k' });
  expect(key('k', { b: [{ d: 3, c: 2 }], a: 1 })).toEqual(one);
  expect(key('k', { a: 1, b: [{ c: 2, d: 4 }] })).toMatchObject({ id: one.id });
  expect(key('k', { a: 1, b: [{ c: 2, d: 4 }] }).fingerprint).not.toBe(one.fingerprint);
  expect(answerKey(caller, 'k', 'other', { a: 1 }).fingerprint).not.toBe(
    answerKey(caller, 'k', 'tool', { a: 1 }).fingerprint,
  );
  expect(answerKey({ ...caller, sub: 'other' }, 'k', 'tool', {}).id).not.toBe(key('k').id);
  // What stands in a list is no member of an object.
  expect(key('k', { a: [['x', 1]] }).fingerprint).not.toBe(key('k', { a: { x: 1 } }).fingerprint);
});

test('keeps an answer for a day, also across restarts, in files that nobody else may read', async () => {
  const answers = await open();
  await answers.keep(key('k'), { done: 1 });
  const [name = ''] = await readdir(path.join(dir, 'answers'));
  expect((await stat(path.join(dir, 'answers', name))).mode & 0o777).toBe(0o600);
  clock += 23 * hours;
  expect((await open()).kept(key('k'))).toEqual({ done: 1 });
  clock += 2 * hours;
  expect(answers.kept(key('k'))).toBeUndefined();
  expect((await open()).kept(key('k'))).toBeUndefined();
  expect(await readdir(path.join(dir, 'answers'))).toEqual([]);
});

test('runs a call once while it is under way and after, and again after it failed', async () => {
  const answers = await open();
  let runs = 0;
  const fails = () => answers.once(key('k'), async () => Promise.reject(new Error(`no ${++runs}`)));
  const failed = await Promise.allSettled([fails(), fails()]);
  expect(failed.map((one) => (one.status === 'rejected' ? one.reason.message : ''))).toEqual(['no 1', 'no 1']);
  const works = async () => {
    runs += 1;
    await answers.keep(key('k'), runs);
    return runs;
  };
  expect(await Promise.all([answers.once(key('k'), works), answers.once(key('k'), works)])).toEqual([2, 2]);
  expect(await answers.once(key('k'), works)).toBe(2);
  await expect(answers.once(key('k', { other: 1 }), works)).rejects.toMatchObject({ code: 'idempotency_mismatch' });
  await answers.forget(key('k'));
  expect(await answers.once(key('k', { other: 1 }), works)).toBe(3);
  expect(await answers.once(undefined, works)).toBe(4);
});

test('keeps a bounded number, the newest; drops what is damaged; and does without a disk', async () => {
  const answers = await open();
  for (let i = 0; i < 1003; i++) {
    clock += 1;
    await answers.keep(key(`k${i}`), i);
  }
  expect(await readdir(path.join(dir, 'answers'))).toHaveLength(1000);
  expect([answers.kept(key('k2')), answers.kept(key('k3')), answers.kept(key('k1002'))]).toEqual([undefined, 3, 1002]);
  await writeFile(path.join(dir, 'answers', `${key('k3').id}.json`), '{"torn');
  await writeFile(path.join(dir, 'answers/.left.tmp'), '');
  const again = await open();
  expect([again.kept(key('k3')), again.kept(key('k4'))]).toEqual([undefined, 4]);
  expect(await readdir(path.join(dir, 'answers'))).toHaveLength(999);
  await rm(path.join(dir, 'answers'), { recursive: true });
  await writeFile(path.join(dir, 'answers'), 'no folder');
  await again.keep(key('new'), 'in memory');
  expect(again.kept(key('new'))).toBe('in memory');
  expect(errors.length).toBeGreaterThan(0);
});
