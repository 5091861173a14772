import { rm } from 'node:fs/promises';
import { readCertificate } from '@arleo/core/certificates/certificate';
import { createIdentity } from '@arleo/core/certificates/change-identity';
import { identityFiles } from '@arleo/core/certificates/identity-files';
import { isArleoError } from '@arleo/core/errors';
import { damaged } from './damaged.ts';
import { readSecret } from './secret-file.ts';

const RENEW_BEFORE_MS = 7 * 24 * 3600 * 1000;

/** What {@link keepCertificate} did. */
export type CertificateOutcome = 'kept' | 'created' | 'renewed';

/**
 * Keeps the self-signed certificate of hugo-mcp-server, as `arleo cert create` makes it. A certificate in its last week is
 * made again with the same key; hugo-mcp-proxy pins it from this same file, so both sides change together.
 *
 * @throws ArleoError `state_damaged` | `openssl_failed`
 */
export async function keepCertificate(
  keyFile: string,
  certFile: string,
  now = Date.now(),
): Promise<CertificateOutcome> {
  const files = identityFiles({ key: keyFile, certificate: certFile });
  try {
    const { state, certificate } = await createIdentity(files, { now });
    if (state === 'created' || Date.parse(readCertificate(certificate).validTo) - now > RENEW_BEFORE_MS) return state;
    await rm(certFile);
    await createIdentity(files, { now });
    return 'renewed';
  } catch (error) {
    if (!isArleoError(error, 'certificate_damaged')) throw error;
    throw damaged(certFile, `does not belong to ${keyFile}, or one of both is cut short`);
  } finally {
    // All of this state is for its owner alone.
    for (const file of [keyFile, certFile]) await readSecret(file);
  }
}
