import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto';
import * as z from 'zod';
import { ArleoError } from '../errors.ts';

/** How long an access token is valid, in seconds. */
export const ACCESS_TOKEN_SECONDS = 3600;

/**
 * For how long, in seconds, a new key is published before it signs: longer than those who verify keep a key set (10
 * minutes is what libraries do), so that nobody meets a token whose key it does not know.
 */
export const PUBLISHED_FIRST_SECONDS = 15 * 60;

/** How long after the last token that a key signed has expired it is dropped, in seconds: clocks differ. */
const MARGIN_SECONDS = 5 * 60;

const endsAfterMs = (ACCESS_TOKEN_SECONDS + MARGIN_SECONDS) * 1000;

/** A private key of the access tokens: EC P-256, for ES256 (RFC 7518 section 6.2). */
export interface PrivateJwk {
  kty: 'EC';
  crv: 'P-256';
  x: string;
  y: string;
  d: string;
  kid: string;
  use: 'sig';
  alg: 'ES256';
}

/** A key and when it begins to sign, in milliseconds since 1970. */
export interface SigningKey {
  jwk: PrivateJwk;
  signsFrom: number;
}

/** The keys in the order in which they sign, at least one. Which of them does what follows from the time alone. */
export type KeySet = readonly [SigningKey, ...SigningKey[]];

/** What a key does at a time. */
export type KeyPhase = 'published' | 'signing' | 'retiring';

/** A key of {@link keysAt}. */
export interface TimedKey extends SigningKey {
  phase: KeyPhase;
  /** When it is dropped, in milliseconds since 1970; undefined as long as no other follows it. */
  ends: number | undefined;
}

const keySchema = z.looseObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  kid: z.string().min(1).max(100),
  x: z.string(),
  y: z.string(),
  d: z.string(),
  // Absent in files from before keys could be rotated: such a key signs already.
  signs_from: z.iso.datetime().optional(),
});
const setSchema = z.object({ keys: z.array(keySchema).min(1) });

/**
 * Reads a stored key set.
 *
 * @param where what it was read from, for the message
 * @throws {@link ArleoError} `signing_keys_damaged`; the message shows no key
 */
export function parseKeySet(text: string, where: string): KeySet {
  try {
    const keys = setSchema.parse(JSON.parse(text)).keys.map(({ kty, crv, x, y, d, kid, signs_from }): SigningKey => {
      if (!isPair({ kty, crv, x, y, d })) throw new Error('the halves of a key do not belong together');
      return {
        jwk: { kty, crv, x, y, d, kid, use: 'sig', alg: 'ES256' },
        signsFrom: signs_from === undefined ? 0 : Date.parse(signs_from),
      };
    });
    if (new Set(keys.map(({ jwk }) => jwk.kid)).size < keys.length) throw new Error('a key id stands twice');
    return keys.sort((a, b) => a.signsFrom - b.signsFrom) as unknown as KeySet;
  } catch (cause) {
    throw new ArleoError('signing_keys_damaged', `The signing keys in ${where} cannot be read.`, {
      // Node's own messages may quote what they could not parse.
      cause: cause instanceof z.ZodError ? cause : undefined,
      hint: 'Put them back from a backup. Without them new keys are made, and clients have to refresh their tokens.',
    });
  }
}

/** Node takes any two halves; only a signature shows whether they belong together. */
function isPair(jwk: { kty: 'EC'; crv: 'P-256'; x: string; y: string; d: string }): boolean {
  const { d: _d, ...publicJwk } = jwk;
  const signature = sign('sha256', Buffer.of(0), createPrivateKey({ key: jwk, format: 'jwk' }));
  return verify('sha256', Buffer.of(0), createPublicKey({ key: publicJwk, format: 'jwk' }), signature);
}

/** The text that is stored of a key set. @see {@link parseKeySet} */
export function formatKeySet(keys: KeySet): string {
  const stored = keys.map(({ jwk, signsFrom }) => ({ ...jwk, signs_from: new Date(signsFrom).toISOString() }));
  return `${JSON.stringify({ keys: stored }, null, 2)}\n`;
}

/** A new key that signs from then on. */
export function makeKey(signsFrom: number): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '', d = '' } = privateKey.export({ format: 'jwk' });
  return { jwk: { kty: 'EC', crv: 'P-256', x, y, d, kid: randomUUID(), use: 'sig', alg: 'ES256' }, signsFrom };
}

/**
 * What each key does at `now`: exactly one signs, those after it are published already, and those before it are kept for
 * as long as a token that they signed can be valid. Those that are over are left out.
 */
export function keysAt(keys: KeySet, now: number): TimedKey[] {
  // A clock that was set back must not leave nobody to sign.
  const signer = Math.max(
    0,
    keys.findLastIndex(({ signsFrom }) => signsFrom <= now),
  );
  return keys.flatMap((key, index): TimedKey[] => {
    const next = keys[index + 1];
    const ends = next && next.signsFrom + endsAfterMs;
    if (index < signer && ends !== undefined && ends <= now) return [];
    return [{ ...key, phase: index < signer ? 'retiring' : index === signer ? 'signing' : 'published', ends }];
  });
}

/** The set with a new key at its end, that is published now and signs later; undefined if one waits to sign already. */
export function withNextKey(keys: KeySet, now: number): KeySet | undefined {
  const timed = keysAt(keys, now);
  if (timed.some(({ phase }) => phase === 'published')) return undefined;
  const kept = timed.map(({ jwk, signsFrom }) => ({ jwk, signsFrom }));
  const last = Math.max(...keys.map(({ signsFrom }) => signsFrom));
  // Not before the one that it follows, also if the clock was set back since.
  return [...kept, makeKey(Math.max(now + PUBLISHED_FIRST_SECONDS * 1000, last + 1))] as unknown as KeySet;
}
