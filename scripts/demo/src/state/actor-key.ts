import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { damaged } from './damaged.ts';
import { readSecret, writeSecret } from './secret-file.ts';

/**
 * Keeps the key pair of the actor assertion: EC P-256, private as PKCS #8 PEM, public as SPKI PEM. A missing public part is
 * made again from the private one.
 *
 * @throws ArleoError `state_damaged`
 */
export async function keepActorKey(keyFile: string, publicFile: string): Promise<void> {
  const kept = await readSecret(keyFile);
  const key =
    kept === undefined ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey : parseKey(keyFile, kept);
  if (kept === undefined) {
    await writeSecret(keyFile, key.export({ type: 'pkcs8', format: 'pem' }).toString().trim());
  }
  const expected = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString().trim();
  if (kept === undefined || (await readSecret(publicFile)) === undefined) {
    await writeSecret(publicFile, expected);
  } else if ((await readSecret(publicFile))?.trim() !== expected) {
    throw damaged(publicFile, `does not belong to ${keyFile}`);
  }
}

/** @throws ArleoError `state_damaged` unless it is an EC P-256 private key */
export function parseKey(file: string, pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw damaged(file, 'is not a private key');
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw damaged(file, 'is not an EC P-256 key');
  return key;
}
