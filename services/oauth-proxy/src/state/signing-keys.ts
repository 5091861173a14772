import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { ArleoError } from '@arleo/core/errors';
import { atomicWrite } from '@arleo/core/fs/atomic-write';
import { type CryptoKey, importJWK, type JWK } from 'jose';
import * as z from 'zod';

/** The keys that access tokens are signed with. The first signs; all verify, so that keys can be changed. */
export interface SigningKeys {
  /** Private keys, for the authorization server. */
  readonly jwks: { keys: JWK[] };
  /** The public key of that `kid`. */
  verificationKey(kid: string): CryptoKey | undefined;
}

const keySchema = z.looseObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  kid: z.string().min(1),
  d: z.string(),
});
const fileSchema = z.object({ keys: z.array(keySchema).min(1) });

/**
 * Reads the keys of `folder`/signing-keys.json, or makes the first one (ES256, file mode 0600).
 *
 * @throws {@link ArleoError} `signing_keys_damaged`: nothing is ever replaced by itself, since every token would die
 */
export async function openSigningKeys(folder: string): Promise<SigningKeys> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, 'signing-keys.json');
  const keys = (await readKeys(file)) ?? (await makeKeys(file));
  const verification = new Map<string, CryptoKey>();
  for (const key of keys) verification.set(key.kid ?? '', await publicKey(key));
  return { jwks: { keys }, verificationKey: (kid) => verification.get(kid) };
}

async function readKeys(file: string): Promise<JWK[] | undefined> {
  try {
    return fileSchema.parse(JSON.parse(await readFile(file, 'utf8'))).keys;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ArleoError('signing_keys_damaged', `The signing keys in ${file} cannot be read.`, {
      cause,
      hint: 'Put the file back from a backup. Removing it makes new keys, and every client must then log in again.',
    });
  }
}

async function makeKeys(file: string): Promise<JWK[]> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys: JWK[] = [
    { ...(privateKey.export({ format: 'jwk' }) as JWK), kid: randomUUID(), use: 'sig', alg: 'ES256' },
  ];
  await atomicWrite(file, `${JSON.stringify({ keys }, null, 2)}\n`, { mode: 0o600 });
  return keys;
}

async function publicKey(key: JWK): Promise<CryptoKey> {
  const priv = createPrivateKey({ key: key as never, format: 'jwk' });
  const jwk = createPublicKey(priv).export({ format: 'jwk' }) as JWK;
  return (await importJWK({ ...jwk, alg: 'ES256' }, 'ES256')) as CryptoKey;
}
