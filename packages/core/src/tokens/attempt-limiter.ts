import { isIPv4, isIPv6 } from 'node:net';

/** Counts failed attempts per client address in windows of fixed length. */
export interface AttemptLimiter {
  /**
   * Takes one attempt before its outcome is known, so that attempts at the same time count too.
   *
   * @returns undefined if it may go on, else the seconds until the next may
   */
  take(address: string, now: number): number | undefined;
  /** Gives an attempt back that turned out well. */
  giveBack(address: string, now: number): void;
}

interface Window {
  start: number;
  taken: number;
}

/**
 * @param options.attempts per address and window
 * @param options.windowMs milliseconds
 * @param options.maxAddresses the oldest is forgotten beyond it, so that memory is bounded
 */
export function createAttemptLimiter(options: {
  attempts: number;
  windowMs: number;
  maxAddresses: number;
}): AttemptLimiter {
  const { attempts, windowMs, maxAddresses } = options;
  const windows = new Map<string, Window>();

  function current(key: string, now: number): Window | undefined {
    const window = windows.get(key);
    return window !== undefined && now >= window.start && now - window.start < windowMs ? window : undefined;
  }

  return {
    take(address, now) {
      const key = addressKey(address);
      const window = current(key, now);
      if (window === undefined) {
        windows.delete(key);
        windows.set(key, { start: now, taken: 1 });
        if (windows.size > maxAddresses) windows.delete(windows.keys().next().value ?? '');
        return undefined;
      }
      if (window.taken >= attempts) return Math.max(1, Math.ceil((window.start + windowMs - now) / 1000));
      window.taken += 1;
      return undefined;
    },
    giveBack(address, now) {
      const window = current(addressKey(address), now);
      if (window !== undefined && window.taken > 0) window.taken -= 1;
    },
  };
}

/** What counts as one address: an IPv4 address in either writing, the /64 network of an IPv6 address (one customer). */
export function addressKey(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  const plain = address.split('%')[0] ?? '';
  if (!isIPv6(plain)) return address.slice(0, 64);
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  // An embedded IPv4 address stands for two groups.
  const length = groups.length + after.length + (plain.includes('.') ? 1 : 0);
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - length }, () => '0');
  return [...groups, ...zeros, ...after]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
