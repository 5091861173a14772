import { defineScript } from '@arleo/core/oauth-state/redis/lua';
import type { LimitReached, MinuteLimit } from '@arleo/runtime/limits/minute-limit';
import type { AskRedis } from '../state/open-state.ts';

const minuteMs = 60_000;
/** As many keys as are remembered here. */
const maxKeys = 10_000;

/** ARGV: key. Gives how many there were in the key's minute, and for how long it goes on, in milliseconds. */
const countOne = defineScript<[number, number]>(`
local count = redis.call('INCR', P .. ARGV[1])
if count == 1 then redis.call('PEXPIRE', P .. ARGV[1], ${minuteMs}) end
return { count, redis.call('PTTL', P .. ARGV[1]) }
`);

interface Window {
  events: number;
  ends: number;
  refused: boolean;
}

/**
 * A limit that several services count together. Nobody waits for it: each event is judged by what is known here, and told to
 * the others meanwhile. So a service that has not seen a key in this minute lets a call or two of it pass, those that are
 * under way while the first answer comes. While Redis is away, each service counts alone.
 *
 * @param name keeps it apart from other limits
 * @param perMinute events of one key in a minute that are within the limit
 */
export function createSharedMinuteLimit(
  name: string,
  perMinute: number,
  ask: AskRedis,
  now: () => number = () => performance.now(),
): MinuteLimit {
  const windows = new Map<string, Window>();
  const retryAfter = ({ ends }: Window): number => Math.max(1, Math.ceil((ends - now()) / 1000));

  const tell = (key: string, window: Window): void => {
    const before = window.events;
    ask((redis) => countOne(redis, `limit:${name}:${key}`)).then(
      ([total, leftMs]) => {
        // What was counted here meanwhile is not in the total yet.
        window.events = Math.max(window.events, total + (window.events - before));
        window.ends = now() + Math.max(0, leftMs);
      },
      () => undefined,
    );
  };
  return {
    count(key): LimitReached | undefined {
      let window = windows.get(key);
      if (!window || window.ends <= now()) {
        windows.delete(key);
        if (windows.size >= maxKeys) windows.delete(windows.keys().next().value ?? '');
        window = { events: 0, ends: now() + minuteMs, refused: false };
        windows.set(key, window);
      }
      window.events += 1;
      if (window.events <= perMinute) {
        tell(key, window);
        return undefined;
      }
      // What is refused is not told: a flood does not reach Redis.
      const first = !window.refused;
      window.refused = true;
      return { retryAfterSeconds: retryAfter(window), first };
    },
    reached(key) {
      const window = windows.get(key);
      if (!window || window.ends <= now() || window.events < perMinute) return undefined;
      return { retryAfterSeconds: retryAfter(window), first: !window.refused };
    },
  };
}
