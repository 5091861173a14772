import { setTimeout as sleep } from 'node:timers/promises';
import {
  createGuessLimit,
  type Guesser,
  type GuessLimit,
  UNKNOWN_BROWSERS,
  UNKNOWN_BROWSERS_WITH_CODE,
  WRONG_PER_MINUTE,
} from './guess-limit.ts';

describe('guesses of the passphrase', () => {
  let time = 1_800_000_000_000;
  beforeEach(() => {
    time += 3_600_000;
  });
  /** Nobody waits to be drawn. */
  const hasty = { ...UNKNOWN_BROWSERS, waitMs: 1 };

  /** How many of these wrong tries, sent at once, are heard, and how often a refusal is the first of its minute. */
  async function guess(limit: GuessLimit, count: number, by: (index: number) => Guesser) {
    const admissions = await Promise.all(Array.from({ length: count }, (_, index) => limit.admit(by(index))));
    const refused = admissions.filter((one) => 'refused' in one);
    return { heard: count - refused.length, firsts: refused.filter((one) => one.refused.first).length };
  }

  it('are few from one address, sent at once too, and there are new ones after a minute', async () => {
    const limit = createGuessLimit(() => time, hasty);
    expect(await guess(limit, 50, () => ({ address: '192.0.2.1' }))).toEqual({ heard: WRONG_PER_MINUTE, firsts: 1 });
    expect(await limit.admit({ address: '192.0.2.1' })).toMatchObject({ refused: { retryAfterSeconds: 60 } });
    expect(await limit.admit({ address: '192.0.2.2' })).toHaveProperty('spare');
    time += 60_000;
    expect(await limit.admit({ address: '192.0.2.1' })).toHaveProperty('spare');
  });

  it('are at most 30 in any minute from all addresses together, with one guess each too', async () => {
    const limit = createGuessLimit(() => time, hasty);
    const heardAt: number[] = [];
    for (let second = 0; second < 240; second += 1) {
      const { heard } = await guess(limit, 40, (index) => ({ address: `2001:db8:${second}:${index}::/64` }));
      for (let one = 0; one < heard; one += 1) heardAt.push(second);
      time += 1_000;
    }
    for (let from = 0; from < 180; from += 1) {
      expect(heardAt.filter((second) => second >= from && second < from + 60).length).toBeLessThanOrEqual(30);
    }
    expect(heardAt.length).toBeGreaterThan(60);
  });

  it('are at most 3 in a minute where a code is asked for, after the first 6', async () => {
    const limit = createGuessLimit(() => time, { ...UNKNOWN_BROWSERS_WITH_CODE, waitMs: 1 });
    let heard = 0;
    for (let second = 0; second < 3_600; second += 5) {
      heard += (await guess(limit, 10, (index) => ({ address: `2001:db8:${second}:${index}::/64` }))).heard;
      time += 5_000;
    }
    expect(heard).toBeGreaterThan(100);
    expect(heard).toBeLessThanOrEqual(6 + 60 * 3);
  });

  it('leave the owner a try in a known browser as often as ever', async () => {
    const limit = createGuessLimit(() => time, hasty);
    await guess(limit, 1000, (index) => ({ address: `198.51.100.${index}` }));
    const own = await guess(limit, 50, () => ({ address: '198.51.100.1', knownBrowser: 'mine' }));
    expect(own.heard).toBe(WRONG_PER_MINUTE);
  });

  it('leave the owner a try elsewhere: lots are drawn among networks, not among addresses', async () => {
    const limit = createGuessLimit(Date.now, { atOnce: 1, everyMs: 10, waitMs: 2_000, maxWaiting: 50 });
    let attacking = true;
    let heard = 0;
    // 200 networks of /64 in one allocation, each of which tries again as soon as it was answered.
    const attackers = Array.from({ length: 200 }, async (_, index) => {
      for (let tries = 0; attacking; tries += 1) {
        const admission = await limit.admit({ address: `2001:db8:${index}:${tries}::/64` });
        if ('spare' in admission) heard += 1;
        await sleep(1);
      }
    });
    await sleep(100);
    for (let login = 0; login < 5; login += 1) {
      const admission = await limit.admit({ address: '203.0.113.7' });
      expect(admission).toHaveProperty('spare');
    }
    expect(heard).toBeGreaterThan(0);
    attacking = false;
    await Promise.all(attackers);
  });

  it('wait for their turn: one that is not at once is heard later', async () => {
    const limit = createGuessLimit(() => time, { atOnce: 1, everyMs: 30, waitMs: 60_000, maxWaiting: 50 });
    let heard = 0;
    const all = Array.from({ length: 4 }, async (_, index) => {
      expect(await limit.admit({ address: `192.0.2.${index}` })).toHaveProperty('spare');
      heard += 1;
    });
    for (const turns of [1, 2, 3]) {
      while (heard < turns) await sleep(5);
      // Longer than it takes to look for a turn again: without one nobody is heard.
      await sleep(100);
      expect(heard).toBe(turns);
      time += 30;
    }
    await Promise.all(all);
  });

  it('take no turn when nobody waits for the answer any more', async () => {
    const limit = createGuessLimit(() => time, { atOnce: 1, everyMs: 50, waitMs: 2_000, maxWaiting: 50 });
    expect(await limit.admit({ address: '192.0.2.1' })).toHaveProperty('spare');
    const left = Array.from({ length: 20 }, (_, index) => {
      const gone = new AbortController();
      const admission = limit.admit({ address: `198.51.${index}.1` }, gone.signal);
      gone.abort();
      return admission;
    });
    for (const admission of await Promise.all(left)) expect(admission).toHaveProperty('refused');
    // The only turn from now on.
    time += 50;
    expect(await limit.admit({ address: '203.0.113.7' })).toHaveProperty('spare');
  });

  it('come again when the clock was set back', async () => {
    const limit = createGuessLimit(() => time, hasty);
    expect((await guess(limit, 50, (index) => ({ address: `198.51.100.${index}` }))).heard).toBe(
      UNKNOWN_BROWSERS.atOnce,
    );
    time -= 3_600_000;
    expect((await guess(limit, 50, (index) => ({ address: `203.0.113.${index}` }))).heard).toBe(0);
    time += UNKNOWN_BROWSERS.everyMs;
    expect((await guess(limit, 50, (index) => ({ address: `192.0.2.${index}` }))).heard).toBe(1);
  });

  it('go by a clock that nobody sets', async () => {
    const { now } = Date;
    let wrongBy = 0;
    Date.now = () => now() + wrongBy;
    try {
      const limit = createGuessLimit(undefined, { atOnce: 1, everyMs: 20, waitMs: 20_000, maxWaiting: 5 });
      await guess(limit, 1, () => ({ address: '192.0.2.1' }));
      wrongBy = -3_600_000;
      expect((await guess(limit, 1, () => ({ address: '192.0.2.2' }))).heard).toBe(1);
      // A minute of an address does not end early either.
      const patient = createGuessLimit(undefined, hasty);
      await guess(patient, WRONG_PER_MINUTE, () => ({ address: '192.0.2.1', knownBrowser: 'mine' }));
      wrongBy = 3_600_000;
      expect((await guess(patient, 1, () => ({ address: '192.0.2.1', knownBrowser: 'mine' }))).heard).toBe(0);
    } finally {
      Date.now = now;
    }
  });

  it('cost nothing when they are right', async () => {
    const limit = createGuessLimit(() => time, hasty);
    for (let login = 0; login < 100; login += 1) {
      const admission = await limit.admit({ address: '192.0.2.1' });
      if ('refused' in admission) throw new Error('it cost something');
      admission.spare();
    }
  });
});
