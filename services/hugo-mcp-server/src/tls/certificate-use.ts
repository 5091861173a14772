import { MAX_CLIENTS, type RenewalState } from '@arleo/core/certificates/renewal-state';

type Client = RenewalState['clients'][number];

/** A call of somebody who has shown a hop token. */
export interface CertificateCall {
  address: string;
  /** SHA-256 of the certificate that its connection was made with. */
  by: string;
  /** What the caller says that it has pinned, if it says so. */
  pins?: readonly string[];
  /** Milliseconds since 1970. */
  now: number;
}

/** Who calls by which certificate. */
export interface CertificateUse {
  /** @returns true if it is another than at the caller's last call */
  called(call: CertificateCall): boolean;
  clients(): Client[];
  /** Since when (ISO 8601) all of the last day's callers call by this one; null while one of them does not, or none called. */
  inUseSince(sha256: string, now: number): string | null;
}

/** Who has not called for so long is gone, or has got another address: nobody waits for it. */
const forgottenMs = 24 * 3600 * 1000;

/** @param known from the time before a restart: who is known is waited for */
export function createCertificateUse(known: readonly Client[], startedAt: number): CertificateUse {
  const clients = new Map<string, Client & { seenAt: number }>(
    known.map((client) => [client.address, { ...client, seenAt: startedAt }]),
  );
  return {
    called({ address, by, pins, now }) {
      const before = clients.get(address);
      const told = pins ?? before?.pins ?? [];
      const same = before?.by === by && before.pins.join() === told.join();
      const since = before?.by === by ? before.since : new Date(now).toISOString();
      // Anew, so that the first one is who has called longest ago.
      clients.delete(address);
      clients.set(address, { address, by, pins: [...told], since, seenAt: now });
      if (clients.size > MAX_CLIENTS) clients.delete(clients.keys().next().value ?? '');
      return !same;
    },
    clients: () => [...clients.values()].map(({ seenAt: _, ...client }) => client),
    inUseSince(sha256, now) {
      const callers = [...clients.values()].filter(({ seenAt }) => now - seenAt < forgottenMs);
      if (callers.length === 0 || callers.some(({ by }) => by !== sha256)) return null;
      return (
        callers
          .map(({ since }) => since)
          .sort()
          .at(-1) ?? null
      );
    },
  };
}
