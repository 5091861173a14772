import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { ArleoError } from '../errors.ts';
import { atomicWrite } from '../fs/atomic-write.ts';
import { CERTIFICATE_MAX_BYTES, certificateSha256, readCertificate } from './certificate.ts';

const pem = z.string().max(CERTIFICATE_MAX_BYTES);

const stateSchema = z.object({
  /** SHA-256 of the certificate that the owner has pinned, from which all others follow. */
  configured: z.string().regex(/^[0-9a-f]{64}$/),
  /** The certificate that counts, PEM. */
  present: pem,
  /** The one that takes its place, while both count. */
  next: pem.nullable(),
});

/** The certificates of hugo-mcp-server that hugo-mcp-proxy takes, PEM. */
export interface Pins {
  present: string;
  next: string | null;
}

/** In STATE_DIR. */
export const pinsFile = 'pins.json';

/**
 * What is pinned: what followed from the owner's certificate, or that one itself. Another certificate of the owner's
 * counts for more than all that followed from the one before.
 *
 * @param configured the owner's certificate, PEM
 * @throws {@link ArleoError} `pins_damaged`; the file system's own error
 */
export async function readPins(stateDir: string, configured: string): Promise<Pins> {
  const owner = readCertificate(configured);
  // Of what else may stand in the owner's file nothing is kept.
  const owners = { present: owner.toString(), next: null };
  const file = path.join(stateDir, pinsFile);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return owners;
    throw error;
  }
  try {
    const { configured: from, present, next } = stateSchema.parse(JSON.parse(text));
    for (const one of [present, ...(next === null ? [] : [next])]) readCertificate(one);
    return from === certificateSha256(owner) ? { present, next } : owners;
  } catch (cause) {
    throw new ArleoError('pins_damaged', `${file} is damaged.`, {
      cause,
      hint: "Remove it: the certificate that you have put there counts again. Is it the site's machine's own? Compare with: arleo cert show",
    });
  }
}

/** On disk when it resolves; rejects with the file system's error, and then nothing has changed. */
export async function writePins(stateDir: string, configured: string, pins: Pins): Promise<void> {
  const state = { configured: certificateSha256(configured), ...pins };
  await atomicWrite(path.join(stateDir, pinsFile), `${JSON.stringify(state)}\n`);
}
