import { readFile } from 'node:fs/promises';
import { type CertificateFacts, certificateFacts, readCertificate } from './certificate.ts';
import { isDue } from './change-identity.ts';
import { type IdentityFiles, readIdentities } from './identity-files.ts';
import { readPins } from './pin-state.ts';
import { type RenewalState, readRenewalState } from './renewal-state.ts';

/** The certificates of hugo-mcp-server, as its own host knows them. */
export interface ServerCertificates {
  in_force: CertificateFacts;
  /** In its last 30 days, or past its end. */
  due: boolean;
  /** The one that is to take its place; both can be shown. */
  next: CertificateFacts | null;
  /** Since when all callers use the next one; null if one does not, or nothing is known. */
  next_in_use_since: string | null;
  /** Each host of hugo-mcp-proxy that has called with its token since the service was started. */
  clients: RenewalState['clients'];
}

/** The certificates of hugo-mcp-server that hugo-mcp-proxy takes, as the host of hugo-mcp-proxy knows them. */
export interface PinnedCertificates {
  /** The owner's, from which the others follow. */
  configured: CertificateFacts;
  present: CertificateFacts;
  /** The one that is to take its place; both are taken. */
  next: CertificateFacts | null;
}

/**
 * What is in force on the host of hugo-mcp-server.
 *
 * @param now milliseconds since 1970
 * @throws {@link ArleoError} `certificate_damaged`; the file system's own error
 */
export async function serverCertificates(
  files: IdentityFiles,
  stateDir: string,
  now: number,
): Promise<ServerCertificates> {
  const { present, next } = readIdentities(files);
  const state = await readRenewalState(stateDir);
  const nextFacts = next ? facts(next.certificate) : null;
  return {
    in_force: facts(present.certificate),
    due: isDue(present.certificate, now),
    next: nextFacts,
    next_in_use_since: nextFacts && state?.next === nextFacts.sha256 ? state.next_in_use_since : null,
    clients: state?.clients ?? [],
  };
}

/**
 * What is pinned on the host of hugo-mcp-proxy.
 *
 * @param certificate the owner's file
 * @throws {@link ArleoError} `certificate_invalid`, `pins_damaged`; the file system's own error
 */
export async function pinnedCertificates(certificate: string, stateDir: string): Promise<PinnedCertificates> {
  const configured = await readFile(certificate, 'utf8');
  const owners = facts(configured);
  const { present, next } = await readPins(stateDir, configured);
  return { configured: owners, present: facts(present), next: next === null ? null : facts(next) };
}

function facts(pem: string): CertificateFacts {
  return certificateFacts(readCertificate(pem));
}
