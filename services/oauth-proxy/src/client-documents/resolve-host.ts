import { Resolver } from 'node:dns/promises';

/**
 * All addresses of a host, IPv4 and IPv6.
 *
 * @throws Error if there are none, or when `signal` fires
 */
export type ResolveHost = (host: string, signal: AbortSignal) => Promise<string[]>;

/**
 * Asks the system's name servers by itself: `getaddrinfo` would hold one of the few threads that files are read by too, for as
 * long as whoever runs the domain likes.
 *
 * @param servers the name servers; the system's if absent
 */
export function createHostResolver(servers?: readonly string[]): ResolveHost {
  return async (host, signal) => {
    signal.throwIfAborted();
    const resolver = new Resolver({ timeout: 1_500, tries: 2 });
    if (servers) resolver.setServers(servers);
    const cancel = (): void => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
      const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      if (addresses.length > 0) return addresses;
      throw answers.find((answer) => answer.status === 'rejected')?.reason ?? new Error('no addresses');
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}
