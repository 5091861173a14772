import { X509Certificate } from 'node:crypto';
import { VERSION } from '@arleo/core/version';
import type { ReadyDetails } from '../http/ready-details.ts';
import { createDiskCheck, diskProblems } from './check-disks.ts';

/** What a service stands on, and what of it keeps the service from its job. */
export interface Standing {
  problems: string[];
  details: ReadyDetails;
}

/**
 * Looks at the ground of a service: its disks, the clock of its host, its certificate.
 *
 * @param folders that it writes to
 * @param certificate gives the one that it shows or pins at the moment, PEM
 * @returns a function that never rejects and answers in time, whatever the disks do
 */
export function createStanding(
  folders: readonly string[],
  certificate?: () => string | undefined,
): () => Promise<Standing> {
  const disks = createDiskCheck(folders);
  return async () => {
    const states = await disks();
    const pem = certificate?.();
    const end = pem === undefined ? undefined : new Date(new X509Certificate(pem).validTo).toISOString();
    return {
      problems: diskProblems(states),
      details: {
        version: VERSION,
        time: new Date().toISOString(),
        disks: states,
        ...(end !== undefined && { certificate: { not_after: end } }),
      },
    };
  };
}
