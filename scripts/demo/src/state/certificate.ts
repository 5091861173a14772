import { execFile } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { chmod, rename } from 'node:fs/promises';
import { promisify } from 'node:util';
import { ArleoError } from '@arleo/core/errors';
import { parseKey } from './actor-key.ts';
import { damaged } from './damaged.ts';
import { readSecret, writeSecret } from './secret-file.ts';

const DAYS = 365;
const RENEW_BEFORE_MS = 7 * 24 * 3600 * 1000;
const NAMES = 'DNS:hugo-mcp.internal,DNS:localhost,IP:127.0.0.1,IP:::1';

/** What {@link keepCertificate} did. */
export type CertificateOutcome = 'kept' | 'created' | 'renewed';

/**
 * Keeps the self-signed certificate of hugo-mcp-server: EC P-256, one year, valid for loopback. A certificate in its last
 * week is made again with the same key; hugo-mcp-proxy pins it from this same file, so both sides change together.
 *
 * @throws ArleoError `state_damaged` | `openssl_failed`
 */
export async function keepCertificate(
  keyFile: string,
  certFile: string,
  now = Date.now(),
): Promise<CertificateOutcome> {
  const pem = await readSecret(keyFile);
  if (pem === undefined) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeSecret(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().trim());
    await sign(keyFile, certFile);
    return 'created';
  }
  const key = parseKey(keyFile, pem);
  const certPem = await readSecret(certFile);
  if (certPem === undefined) {
    await sign(keyFile, certFile);
    return 'created';
  }
  const certificate = parseCertificate(certFile, certPem);
  if (!certificate.checkPrivateKey(key)) {
    throw damaged(certFile, `does not belong to ${keyFile}`);
  }
  if (Date.parse(certificate.validTo) - now > RENEW_BEFORE_MS) return 'kept';
  await sign(keyFile, certFile);
  return 'renewed';
}

function parseCertificate(file: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw damaged(file, 'is not a certificate');
  }
}

async function sign(keyFile: string, certFile: string): Promise<void> {
  const fresh = `${certFile}.new`;
  const args = ['req', '-new', '-x509', '-sha256', '-key', keyFile, '-out', fresh, '-days', String(DAYS)];
  const extensions = [
    `subjectAltName=${NAMES}`,
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    'extendedKeyUsage=serverAuth',
  ];
  try {
    await promisify(execFile)('openssl', [
      ...args,
      ...['-subj', '/CN=hugo-mcp.internal/O=Arleo'],
      ...extensions.flatMap((extension) => ['-addext', extension]),
    ]);
  } catch (cause) {
    throw new ArleoError('openssl_failed', 'openssl could not make the certificate', {
      cause,
      hint: 'Try: openssl version (1.1.1 or newer is needed), and look at the free disk space.',
    });
  }
  await chmod(fresh, 0o600);
  await rename(fresh, certFile);
}
