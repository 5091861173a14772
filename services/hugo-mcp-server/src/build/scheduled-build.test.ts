import type { Release } from './releases.ts';
import { createScheduledBuild } from './scheduled-build.ts';

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const release = (id: string, at: number): Release => ({
  id,
  built_at: new Date(at).toISOString(),
  build_ms: 1,
  pages: 1,
  sources: 1,
});

/** A site that is built when its schedule says so. */
function site(moments: number[], builtAt = Date.now(), options: { fails?: boolean } = {}) {
  const kept = [release('1', builtAt)];
  const state = { live: kept[0], builds: [] as number[], errors: 0 };
  const schedule = createScheduledBuild({
    releases: { live: async () => state.live, kept: async () => kept },
    moments: () => moments,
    async build() {
      state.builds.push(Date.now());
      if (options.fails) throw new Error('no');
      state.live = release(String(kept.length + 1), Date.now());
      kept.unshift(state.live);
      schedule.plan();
    },
    onError: () => {
      state.errors += 1;
    },
    apartMs: 0,
  });
  return { schedule, state, kept };
}

test('dates that passed while the service was down cost one build, and so do those that pass together', async () => {
  const now = Date.now();
  const soon = now + 2000;
  const { schedule, state } = site([now - 60_000, now - 5000, soon, soon + 1, now - 7_200_000], now - 3_600_000);
  schedule.plan();
  while (state.builds.length < 2) await after(20);
  await after(500);
  expect(state.builds).toHaveLength(2);
  expect(state.builds[1]).toBeGreaterThanOrEqual(soon);
  schedule.close();
});

test('a build that fails is not made again for the same date', async () => {
  const { schedule, state } = site([Date.now() - 60_000], Date.now() - 3_600_000, { fails: true });
  schedule.plan();
  while (state.errors === 0) await after(20);
  schedule.plan();
  await after(200);
  expect(state.builds).toHaveLength(1);
  schedule.close();
});

test('nothing is built while an earlier release is live on purpose, after the end, or without a date', async () => {
  const old = Date.now() - 3_600_000;
  const back = site([Date.now() - 60_000], old);
  back.kept.unshift(release('2', old + 1));
  const ended = site([Date.now() - 60_000], old);
  const none = site([], old);
  for (const { schedule } of [back, ended, none]) schedule.plan();
  ended.schedule.close();
  await after(200);
  for (const { schedule, state } of [back, ended, none]) {
    expect(state.builds).toEqual([]);
    schedule.close();
  }
});
