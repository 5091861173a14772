import { createHash } from 'node:crypto';

/** The name that Git gives to these bytes. */
export function blobName(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
