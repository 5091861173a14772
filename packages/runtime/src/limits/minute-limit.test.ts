import { createMinuteLimit } from './minute-limit.ts';

describe('minute limit', () => {
  let time = 0;
  const now = () => time;
  beforeEach(() => {
    time = 1_000_000;
  });

  it('lets the limit through and says of the next how long to wait', () => {
    const limit = createMinuteLimit(2, now);
    expect(limit.count('a')).toBeUndefined();
    expect(limit.count('a')).toBeUndefined();
    time += 20_500;
    expect(limit.count('a')).toEqual({ retryAfterSeconds: 40, first: true });
    expect(limit.count('a')).toEqual({ retryAfterSeconds: 40, first: false });
  });

  it('keeps keys apart and begins anew after a minute', () => {
    const limit = createMinuteLimit(1, now);
    limit.count('a');
    expect(limit.count('a')).toBeDefined();
    expect(limit.count('b')).toBeUndefined();
    time += 60_000;
    expect(limit.count('a')).toBeUndefined();
  });

  it('tells whether one more would be too much without counting it', () => {
    const limit = createMinuteLimit(1, now);
    expect(limit.reached('a')).toBeUndefined();
    limit.count('a');
    expect(limit.reached('a')).toMatchObject({ retryAfterSeconds: 60 });
    time += 60_000;
    expect(limit.reached('a')).toBeUndefined();
  });

  it('goes by a clock that nobody sets', () => {
    const { now: wallClock } = Date;
    let wrongBy = 0;
    Date.now = () => wallClock() + wrongBy;
    try {
      const limit = createMinuteLimit(1);
      limit.count('a');
      wrongBy = 3_600_000;
      expect(limit.count('a')).toMatchObject({ first: true });
      wrongBy = -3_600_000;
      limit.count('b');
      expect(limit.count('b')).toMatchObject({ retryAfterSeconds: 60 });
      wrongBy = 0;
      expect(limit.count('b')).toMatchObject({ retryAfterSeconds: 60 });
    } finally {
      Date.now = wallClock;
    }
  });

  it('forgets the oldest keys rather than grow without end', () => {
    const limit = createMinuteLimit(1, now);
    limit.count('first');
    for (let index = 0; index < 10_000; index += 1) limit.count(`key ${index}`);
    expect(limit.count('first')).toBeUndefined();
    expect(limit.count('key 9999')).toBeDefined();
  });
});
