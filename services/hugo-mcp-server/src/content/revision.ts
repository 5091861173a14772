import { createHash } from 'node:crypto';

/** The revision of a page: a hash of the file's bytes, so that it changes exactly when the file does. 32 hex digits. */
export function revisionOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
