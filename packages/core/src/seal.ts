import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ArleoError } from './errors.ts';

/** Begins everything that is sealed. */
const prefix = 'sealed:v1:';
const ivBytes = 12;
const tagBytes = 16;

/** True for what {@link seal} gave. */
export function isSealed(text: string): boolean {
  return text.startsWith(prefix);
}

/**
 * Encrypts a text so that nobody reads or changes it without the key (AES-256-GCM).
 *
 * @param key 32 bytes
 * @param place what it belongs to; it can be opened as nothing else
 */
export function seal(key: Buffer, place: string, text: string): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes }).setAAD(Buffer.from(place));
  const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return prefix + sealed.toString('base64url');
}

/** The text again. @throws {@link ArleoError} `seal_broken`: it was changed, or sealed with another key or elsewhere */
export function unseal(key: Buffer, place: string, sealed: string): string {
  try {
    const bytes = Buffer.from(sealed.slice(prefix.length), 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
      .setAAD(Buffer.from(place))
      .setAuthTag(bytes.subarray(-tagBytes));
    return decipher.update(bytes.subarray(ivBytes, -tagBytes)).toString('utf8') + decipher.final('utf8');
  } catch (cause) {
    throw new ArleoError('seal_broken', `What is stored encrypted as ${place} cannot be opened.`, {
      cause,
      hint: 'It was made with another TOKEN_SECRET, or was changed: give the TOKEN_SECRET that it was made with.',
    });
  }
}
