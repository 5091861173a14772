import { setTimeout as sleep } from 'node:timers/promises';
import { rateLimit } from 'express-rate-limit';
import { type RedisServer, startRedis } from '../../../../packages/core/test/redis-server.ts';
import { createGuessLimit, UNKNOWN_BROWSERS, WRONG_PER_MINUTE } from '../owner/guess-limit.ts';
import { openRedisLink, type RedisLink } from '../state/redis/redis-link.ts';
import { openLimitCounts } from './limit-counts.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

describe('limits that two services count together', () => {
  let redis: RedisServer;
  const links: RedisLink[] = [];
  const open = async () => {
    const link = openRedisLink(redis.url, Buffer.alloc(32, 1), log);
    links.push(link);
    await link.connected();
    return { link, counts: openLimitCounts(link.run) };
  };
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => {
    for (const link of links) link.close();
    await redis.dispose();
  });

  it('of calls hold for both, whichever is called, and say once a minute that they were reached', async () => {
    const [here, there] = [(await open()).counts.minute('calls', 10), (await open()).counts.minute('calls', 10)];
    for (let call = 0; call < 10; call += 1) expect(here.count('owner client')).toBeUndefined();
    const look = redis.client();
    await look.connect();
    while ((await look.get('arleo:limit:calls:owner client')) !== '10') await sleep(5);
    // The first that the other one sees is not waited for; it learns from it.
    there.count('owner client');
    while (!there.reached('owner client')) await sleep(5);
    expect(there.count('owner client')).toMatchObject({ first: true, retryAfterSeconds: expect.any(Number) });
    expect(there.count('owner client')).toMatchObject({ first: false });
    expect(here.count('owner client')).toMatchObject({ first: true });
    expect(there.count('owner another')).toBeUndefined();
    // What was refused was not told.
    expect(await look.get('arleo:limit:calls:owner client')).toBe('11');
    expect(await look.pttl('arleo:limit:calls:owner client')).toBeGreaterThan(0);
    look.disconnect();
  });

  it('of requests hold for both, are alone while Redis is away, and together again after it', async () => {
    const [one, two] = [await open(), await open()];
    const ask = async (counts: typeof one.counts) => {
      const store = counts.requests('documents');
      if (!store) throw new Error('nothing is shared');
      const limit = rateLimit({ windowMs: 60_000, limit: 3, validate: false, keyGenerator: () => 'a', store });
      return async (): Promise<number> => {
        const response = { status: 200, setHeader() {}, headersSent: false, statusCode: 200, on() {}, send() {} };
        let passed = false;
        await limit(
          { app: { get: () => undefined }, ip: '' } as never,
          {
            ...response,
            status: (code: number) => {
              response.status = code;
              return response;
            },
          } as never,
          () => {
            passed = true;
          },
        );
        return passed ? 200 : response.status;
      };
    };
    const [here, there] = [await ask(one.counts), await ask(two.counts)];
    expect([await here(), await there(), await here(), await there(), await here()]).toEqual([200, 200, 200, 429, 429]);
    await redis.stop('SIGKILL');
    expect([await here(), await here(), await here(), await here()]).toEqual([200, 200, 200, 429]);
    await redis.start();
    while (await one.link.problem()) await sleep(20);
    expect(await here()).toBe(429);
  });

  it('of requests are counted together by services that were started before Redis', async () => {
    await redis.stop('SIGKILL');
    const stores = [1, 2].map(() => {
      const link = openRedisLink(redis.url, Buffer.alloc(32, 1), log);
      links.push(link);
      return { link, store: openLimitCounts(link.run).requests('early') };
    });
    for (const { store } of stores) store?.init?.({ windowMs: 60_000 } as never);
    expect((await stores[0]?.store?.increment('a'))?.totalHits).toBe(1);
    await redis.start();
    for (const { link } of stores) while (await link.problem()) await sleep(20);
    expect((await stores[0]?.store?.increment('a'))?.totalHits).toBe(1);
    expect((await stores[1]?.store?.increment('a'))?.totalHits).toBe(2);
  });

  it('of requests that fail are given back, and leave no key without an end', async () => {
    const store = (await open()).counts.requests('pages');
    store?.init?.({ windowMs: 60_000 } as never);
    await store?.increment('a');
    await store?.decrement('a');
    await store?.decrement('of long ago');
    const look = redis.client();
    await look.connect();
    expect([await look.get('arleo:limit:pages:a'), await look.exists('arleo:limit:pages:of long ago')]).toEqual([
      '0',
      0,
    ]);
    expect(await look.pttl('arleo:limit:pages:a')).toBeGreaterThan(0);
    look.disconnect();
  });

  it('of guesses hold for both, by address, by browser and all together; a spared one counts for nobody', async () => {
    const rules = { ...UNKNOWN_BROWSERS, everyMs: 60_000, waitMs: 1 };
    const guesses = async () =>
      createGuessLimit(Date.now, rules, Math.random, (await open()).counts.guesses('test', WRONG_PER_MINUTE));
    const [here, there] = [await guesses(), await guesses()];
    const both = [here, there];
    const heard = async (guesser: (index: number) => { address: string; knownBrowser?: string }, count: number) => {
      const tries = Array.from({ length: count }, (_, index) => both[index % 2]?.admit(guesser(index)));
      return (await Promise.all(tries)).filter((one) => one && 'spare' in one).length;
    };
    expect(await heard(() => ({ address: '192.0.2.9', knownBrowser: 'mine' }), 20)).toBe(WRONG_PER_MINUTE);
    for (let login = 0; login < 2 * WRONG_PER_MINUTE; login += 1) {
      const spared = await both[login % 2]?.admit({ address: '192.0.2.8' });
      if (!spared || !('spare' in spared)) throw new Error('it cost something');
      await spared.spare();
    }
    expect(await heard(() => ({ address: '192.0.2.1' }), 20)).toBe(WRONG_PER_MINUTE);
    expect(await there.admit({ address: '192.0.2.1' })).toMatchObject({ refused: { first: false } });
    // One more of the six turns is left for all addresses of the world.
    expect(await heard((index) => ({ address: `198.51.100.${index}` }), 20)).toBe(1);
  });

  it('of guesses come again when the clock of Redis or of a service was set back', async () => {
    const { now } = Date;
    let wrongBy = 0;
    Date.now = () => now() + wrongBy;
    const turns = (await open()).counts.guesses('clock', WRONG_PER_MINUTE).turns({ ...UNKNOWN_BROWSERS, everyMs: 20 });
    while (await turns.take());
    const look = redis.client();
    await look.connect();
    await look.hset('arleo:guesses:clock:turns', 'counted', Date.now() + 3_600_000);
    look.disconnect();
    while (!(await turns.take())) await sleep(5);
    try {
      wrongBy = -3_600_000;
      while (!(await turns.take())) await sleep(5);
    } finally {
      Date.now = now;
    }
  });

  it('of guesses fail closed while Redis is away', async () => {
    const { counts } = await open();
    const limit = createGuessLimit(Date.now, UNKNOWN_BROWSERS, Math.random, counts.guesses('away', WRONG_PER_MINUTE));
    await redis.stop('SIGKILL');
    await expect(limit.admit({ address: '192.0.2.1' })).rejects.toMatchObject({ code: 'state_unavailable' });
    await redis.start();
  });
});
