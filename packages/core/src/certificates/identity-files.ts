import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ArleoError } from '../errors.ts';
import { certificateSha256 } from './certificate.ts';
import type { Identity } from './make-identity.ts';

/** Where hugo-mcp-server's key and certificate are, and during a change the next ones. */
export interface IdentityFiles {
  key: string;
  certificate: string;
  nextKey: string;
  nextCertificate: string;
}

/** What hugo-mcp-server can show. */
export interface Identities {
  /** The one in force. */
  present: Identity;
  /** The one that takes its place, while both are accepted. */
  next?: Identity;
}

/** The files of a change are `next.key` and `next.crt` beside the pair in force. */
export function identityFiles({ key, certificate }: Pick<IdentityFiles, 'key' | 'certificate'>): IdentityFiles {
  return {
    key,
    certificate,
    nextKey: path.join(path.dirname(key), 'next.key'),
    nextCertificate: path.join(path.dirname(certificate), 'next.crt'),
  };
}

/**
 * Reads the pairs. Two files cannot change in one step, so a certificate belongs to whichever key fits it: also where
 * the program that renames them was killed in between, there is a pair.
 *
 * @throws {@link ArleoError} `certificate_damaged` if no certificate has its key; the file system's own error
 */
export function readIdentities(files: IdentityFiles): Identities {
  const certificates = [files.certificate, files.nextCertificate].map((file) => parsed(file, readCertificatePem));
  const keys = [files.key, files.nextKey].map((file) => parsed(file, readKey));
  const pairs = certificates.map((certificate) => {
    const key = certificate && keys.find((candidate) => candidate && certificate.x509.checkPrivateKey(candidate.key));
    return key && { key: key.pem, certificate: certificate.pem };
  });
  const [present = pairs[1], next] = pairs;
  if (present === undefined) {
    throw new ArleoError('certificate_damaged', `${files.certificate} is not the certificate of ${files.key}.`, {
      hint: 'Put both back from a backup, or remove both and make new ones: arleo cert create',
    });
  }
  const differs = next && certificateSha256(next.certificate) !== certificateSha256(present.certificate);
  return differs ? { present, next } : { present };
}

function readCertificatePem(pem: string) {
  return { pem, x509: new X509Certificate(pem) };
}

function readKey(pem: string): { pem: string; key: KeyObject } {
  return { pem, key: createPrivateKey(pem) };
}

/** As much as configuration may have in a file. */
const maxFileBytes = 64 * 1024;

/** Undefined where there is no such file, or something else is in it: what fits together is the caller's to find. */
function parsed<T>(file: string, parse: (pem: string) => T): T | undefined {
  let pem: string;
  try {
    if (statSync(file).size > maxFileBytes) return undefined;
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return parse(pem);
  } catch {
    return undefined;
  }
}
