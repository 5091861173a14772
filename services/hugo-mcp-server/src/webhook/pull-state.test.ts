import { tempDir } from '../testing/site-fixture.ts';
import { openPullState, type PullOutcome } from './pull-state.ts';

const outcome: PullOutcome = {
  at: '2026-11-21T08:00:00.000Z',
  branch: 'main',
  commit: 'b'.repeat(40),
  from: 'a'.repeat(40),
  result: 'live',
  request_id: 'r',
};
const begun = { from: 'a'.repeat(40), to: 'b'.repeat(40), branch: 'main', request_id: 'r' };

test('the last outcome and what was under way are there after a restart', async () => {
  const dir = await tempDir('pull-state');
  const state = await openPullState(dir.path);
  expect([state.last(), state.underWay()]).toEqual([undefined, undefined]);
  await state.begin(begun);
  expect((await openPullState(dir.path)).underWay()).toEqual(begun);
  await state.finish(outcome);
  expect(state.last()).toEqual(outcome);
  const again = await openPullState(dir.path);
  expect([again.last(), again.underWay()]).toEqual([outcome, undefined]);
  await dir.dispose();
});

test('a pull that could not be undone stays open, one that is forgotten leaves the outcome before it', async () => {
  const dir = await tempDir('pull-state');
  const state = await openPullState(dir.path);
  await state.finish(outcome);
  await state.begin(begun);
  await state.forget();
  expect([state.last(), state.underWay()]).toEqual([outcome, undefined]);
  await state.begin(begun);
  await state.finish({ ...outcome, result: 'stuck' });
  const again = await openPullState(dir.path);
  expect([again.last()?.result, again.underWay()]).toEqual(['stuck', begun]);
  await dir.dispose();
});

test('a file that is damaged counts as none', async () => {
  const dir = await tempDir('pull-state');
  await dir.write({ 'site-pull.json': '{"last":{"result":"live"' });
  const state = await openPullState(dir.path);
  expect([state.last(), state.underWay()]).toEqual([undefined, undefined]);
  await dir.dispose();
});
