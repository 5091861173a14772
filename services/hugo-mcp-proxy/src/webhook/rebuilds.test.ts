import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ArleoError } from '@arleo/core/errors';
import type { Log } from '@arleo/runtime/logging/log';
import type { Clock } from './clock.ts';
import { type OwedState, openOwedState, SEEN_DELIVERIES } from './owed-state.ts';
import { createRebuilds, type PullAnswer, type Rebuilds } from './rebuilds.ts';

const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
const minute = 60_000;

/** A clock that stands still until it is told how long to go on. */
function fakeClock() {
  let now = 1_000_000_000;
  const due = new Map<number, { at: number; act: () => void }>();
  let made = 0;
  const clock: Clock = {
    now: () => now,
    after(milliseconds, act) {
      made += 1;
      const id = made;
      due.set(id, { at: now + milliseconds, act });
      return () => due.delete(id);
    },
  };
  return {
    clock,
    set: (time: number) => {
      now = time;
    },
    /** Goes on, stopping at each thing that happens on the way. */
    async forward(milliseconds: number): Promise<void> {
      const end = now + milliseconds;
      await settle();
      for (;;) {
        const next = [...due].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
        if (next === undefined) break;
        due.delete(next[0]);
        now = Math.max(now, next[1].at);
        next[1].act();
        await settle();
      }
      now = end;
    },
  };
}

/** The state is being written. */
let saving = 0;

/** Lets files be written and what waits for them go on, however long the disk takes. */
async function settle(): Promise<void> {
  for (let quiet = 0; quiet < 10; quiet += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (saving > 0) quiet = 0;
  }
}

/** The real state on the real disk, whose writes {@link settle} waits for. */
async function openCountedState(): Promise<OwedState> {
  const opened = await openOwedState(dir, log);
  return {
    current: opened.current,
    async save(next) {
      saving += 1;
      try {
        await opened.save(next);
      } finally {
        saving -= 1;
      }
    },
  };
}

let dir: string;
let time: ReturnType<typeof fakeClock>;
let state: OwedState;
let rebuilds: Rebuilds;
/** The request ids of the pulls that were asked for, with the time since the beginning. */
let asked: [requestId: string, at: number][];
let answers: (() => Promise<PullAnswer>)[];
let events: [string, ...unknown[]][];
let began: number;

const live = async (): Promise<PullAnswer> => ({ result: 'live' });
const down = async (): Promise<PullAnswer> => {
  throw new ArleoError('connect_refused', 'down');
};
const push = (id: string) => rebuilds.take({ delivery: id, requestId: `request-${id}` });

async function open(): Promise<void> {
  state = await openCountedState();
  rebuilds = createRebuilds({
    state,
    clock: time.clock,
    intervalMs: minute,
    ask: (requestId) => {
      asked.push([requestId, time.clock.now() - began]);
      return (answers.shift() ?? live)();
    },
    events: {
      told: ({ result }, { pushes }) => events.push(['told', result, pushes]),
      failed: (reason, { attempt, retryMs }) => events.push(['failed', reason, attempt, retryMs]),
    },
  });
}

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'rebuilds-'));
  time = fakeClock();
  began = time.clock.now();
  asked = [];
  answers = [];
  events = [];
  await open();
});
afterEach(async () => {
  rebuilds.close();
  await rm(dir, { recursive: true, force: true });
});

test('a push is acted on at once', async () => {
  expect(await push('a')).toBe('accepted');
  await time.forward(0);
  expect(asked).toEqual([['request-a', 0]]);
  expect(events).toEqual([['told', 'live', 1]]);
});

test('a burst of pushes gives two rebuilds: one at once, one for all others at the end of the minute', async () => {
  await push('first');
  await time.forward(0);
  for (let i = 0; i < 20; i += 1) await push(`later-${i}`);
  await time.forward(10 * minute);
  expect(asked).toEqual([
    ['request-first', 0],
    ['request-later-19', minute],
  ]);
  expect(events).toEqual([
    ['told', 'live', 1],
    ['told', 'live', 20],
  ]);
});

test('a push during a rebuild that takes longer than the interval is acted on as soon as that ends', async () => {
  let end = (_: PullAnswer) => {};
  answers.push(
    () =>
      new Promise((resolve) => {
        end = resolve;
      }),
  );
  await push('a');
  await time.forward(0);
  await push('b');
  await time.forward(3 * minute);
  expect(asked).toHaveLength(1);
  end({ result: 'live' });
  await time.forward(0);
  expect(asked).toEqual([
    ['request-a', 0],
    ['request-b', 3 * minute],
  ]);
});

test('a push a minute after the last is acted on at once', async () => {
  await push('a');
  await time.forward(minute);
  await push('b');
  await time.forward(0);
  expect(asked.map(([, at]) => at)).toEqual([0, minute]);
});

test('each delivery counts once: again, at the same moment, and after a restart', async () => {
  const both = await Promise.all([push('a'), push('a')]);
  expect(both.sort()).toEqual(['accepted', 'duplicate']);
  expect(await push('a')).toBe('duplicate');
  await time.forward(10 * minute);
  rebuilds.close();
  await open();
  expect(await push('a')).toBe('duplicate');
  await time.forward(10 * minute);
  expect(asked).toHaveLength(1);
});

test('as many ids are remembered as are bounded, the newest', async () => {
  const seen = Array.from({ length: SEEN_DELIVERIES + 5 }, (_, i) => `old-${i}`);
  await state.save({ ...state.current(), seen });
  expect(state.current().seen).toHaveLength(SEEN_DELIVERIES);
  await push('new');
  expect(state.current().seen).toHaveLength(SEEN_DELIVERIES);
  expect(await push('new')).toBe('duplicate');
  expect(await push('old-6')).toBe('duplicate');
  expect(await push('old-0')).toBe('accepted');
});

test('while the server is down it is asked again, further and further apart, until it was told', async () => {
  answers = Array.from({ length: 9 }, () => down);
  await push('a');
  await time.forward(10 * minute);
  const seconds = asked.map(([, at]) => at / 1000);
  expect(seconds).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
  expect(events.at(-1)).toEqual(['told', 'live', 1]);
  await time.forward(10 * minute);
  expect(asked).toHaveLength(10);
});

test('pushes while the server is down are one rebuild once it is up', async () => {
  answers = [down, down];
  await push('a');
  await time.forward(500);
  await push('b');
  await push('c');
  await time.forward(10 * minute);
  expect(events).toEqual([
    ['failed', 'connect_refused', 1, 1000],
    ['failed', 'connect_refused', 2, 2000],
    ['told', 'live', 3],
  ]);
  expect(asked.at(-1)?.[0]).toBe('request-c');
});

test('what is owed outlasts a restart, and is not done twice', async () => {
  answers = [down];
  await push('a');
  await time.forward(100);
  rebuilds.close();
  asked = [];
  await open();
  await time.forward(0);
  expect(asked.map(([id]) => id)).toEqual(['request-a']);
  rebuilds.close();
  await open();
  await time.forward(10 * minute);
  expect(asked).toHaveLength(1);
});

test('the interval outlasts a restart, and a clock that was set back does not stretch it', async () => {
  await push('a');
  await time.forward(10_000);
  rebuilds.close();
  await open();
  await push('b');
  await time.forward(49_999);
  expect(asked).toHaveLength(1);
  await time.forward(1);
  expect(asked).toHaveLength(2);
  time.set(1000);
  await push('c');
  await time.forward(minute);
  expect(asked).toHaveLength(3);
});

test('a fetch that failed is tried again soon, and not for ever', async () => {
  const failed = async (): Promise<PullAnswer> => ({ result: 'refused', code: 'fetch_failed' });
  answers = [failed, failed];
  await push('a');
  await time.forward(minute);
  expect(events).toEqual([
    ['failed', 'fetch_failed', 1, 1000],
    ['failed', 'fetch_failed', 2, 2000],
    ['told', 'live', 1],
  ]);
  events = [];
  asked = [];
  answers = Array.from({ length: 100 }, () => failed);
  await push('b');
  await time.forward(60 * minute);
  expect(asked).toHaveLength(10);
  expect(events.at(-1)).toEqual(['told', 'refused', 1]);
});

test('a refusal is an answer: not asked again', async () => {
  answers = [async () => ({ result: 'rolled_back', code: 'hugo_failed' })];
  await push('a');
  await time.forward(10 * minute);
  expect(events).toEqual([['told', 'rolled_back', 1]]);
});

test('a push that cannot be written down is not taken, and can be delivered again', async () => {
  await rm(dir, { recursive: true });
  await expect(push('a')).rejects.toMatchObject({ code: 'ENOENT' });
  await time.forward(10 * minute);
  expect(asked).toEqual([]);
  await mkdir(dir);
  expect(await push('a')).toBe('accepted');
});

test('a damaged state begins anew; nothing of a killed writer stays', async () => {
  await writeFile(path.join(dir, 'webhook.json'), '{"seen":[');
  await writeFile(path.join(dir, `.webhook.json.${'0'.repeat(16)}.tmp`), 'half');
  await open();
  expect(await push('a')).toBe('accepted');
  expect(await readdir(dir)).toEqual(['webhook.json']);
});
