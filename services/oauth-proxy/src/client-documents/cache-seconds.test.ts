import { cacheSeconds, MAX_CACHE_SECONDS, MIN_CACHE_SECONDS } from './cache-seconds.ts';

describe('how long a document is not asked for again', () => {
  it.each([
    [undefined, 3600],
    ['public', 3600],
    ['max-age=900', 900],
    ['public, MAX-AGE=900, must-revalidate', 900],
    ['max-age="900"', 900],
    ['max-age=0', MIN_CACHE_SECONDS],
    ['max-age=60', MIN_CACHE_SECONDS],
    ['max-age=31536000, immutable', MAX_CACHE_SECONDS],
    [`max-age=${'9'.repeat(400)}`, MAX_CACHE_SECONDS],
    ['no-store', MIN_CACHE_SECONDS],
    ['no-cache, max-age=900', MIN_CACHE_SECONDS],
    ['max-age=-1', 3600],
    ['max-age=x', 3600],
    ['x-max-age=900', 3600],
  ])('with Cache-Control %s is %d s', (header, seconds) => {
    expect(cacheSeconds(header)).toBe(seconds);
  });
});
