import { createGuessLimit, type Guesser, WRONG_PER_MINUTE, WRONG_PER_MINUTE_TOGETHER } from './guess-limit.ts';

describe('guesses of the passphrase', () => {
  let time = 1_800_000_000_000;

  /** How many of these wrong tries are heard, and how often a refusal is the first of its minute. */
  function guess(limit: ReturnType<typeof createGuessLimit>, count: number, by: (index: number) => Guesser) {
    let heard = 0;
    let firsts = 0;
    for (let index = 0; index < count; index += 1) {
      const refused = limit.refused(by(index));
      if (refused === undefined) {
        heard += 1;
        limit.wrong(by(index));
      } else if (refused.first) firsts += 1;
    }
    return { heard, firsts };
  }

  it('are few from one address, and there are new ones after a minute', () => {
    const limit = createGuessLimit(() => time);
    expect(guess(limit, 50, () => ({ address: 'a' }))).toEqual({ heard: WRONG_PER_MINUTE, firsts: 1 });
    expect(limit.refused({ address: 'a' })?.retryAfterSeconds).toBe(60);
    expect(limit.refused({ address: 'b' })).toBeUndefined();
    time += 60_000;
    expect(limit.refused({ address: 'a' })).toBeUndefined();
  });

  it('are few from many addresses together', () => {
    const limit = createGuessLimit(() => time);
    const { heard, firsts } = guess(limit, 100, (index) => ({ address: `a${index % 20}` }));
    expect({ heard, firsts }).toEqual({ heard: WRONG_PER_MINUTE_TOGETHER, firsts: 1 });
  });

  it('do not keep the owner out: elsewhere a first try is heard, from a known browser as many as ever', () => {
    const limit = createGuessLimit(() => time);
    guess(limit, 1000, (index) => ({ address: `a${index % 200}` }));
    expect(guess(limit, 50, () => ({ address: 'owner' })).heard).toBe(1);
    expect(guess(limit, 50, () => ({ address: 'a0', knownBrowser: 'mine' })).heard).toBe(WRONG_PER_MINUTE);
  });

  it('cost nothing when they are right', () => {
    const limit = createGuessLimit(() => time);
    for (let login = 0; login < 100; login += 1) expect(limit.refused({ address: 'a' })).toBeUndefined();
  });
});
