import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { errors, importSPKI, jwtVerify } from 'jose';
import * as z from 'zod';
import { ArleoError } from './errors.ts';
import { signEs256 } from './es256.ts';
import { expandScopes, type Scope } from './scopes.ts';

/** The `typ` of an actor assertion: no other JWT of ours can be taken for one (RFC 8725 section 3.11). */
export const ACTOR_TYP = 'arleo-actor+jwt';
/** The `iss` of an actor assertion. */
export const ACTOR_ISSUER = 'oauth-proxy';
/** How long an actor assertion is valid, in seconds. */
export const ACTOR_LIFETIME_SECONDS = 60;
/** How far the clocks of the two hosts may be apart, in seconds. */
export const ACTOR_CLOCK_TOLERANCE_SECONDS = 5;
/** The longest assertion that is looked at, in characters. */
const maxLength = 8192;

/** What {@link signActor} puts in. */
export interface ActorClaims {
  sub: string;
  client_id: string;
  /** Granted scopes, separated by spaces. */
  scope: string;
  /** The value of `X-Request-Id`; becomes `jti`. */
  request_id: string;
  /** Where the client is, as the first hop sees it: the hops behind see only the hop before them. */
  client_ip?: string;
  aud: 'hugo-mcp-server';
}

/** What a valid assertion says. */
export interface Actor {
  sub: string;
  clientId: string;
  scopes: ReadonlySet<Scope>;
  requestId: string;
  clientAddress: string | undefined;
}

/** Checks assertions against one public key. */
export interface ActorVerifier {
  /** @throws {@link ArleoError} `actor_missing`, `actor_invalid` or `actor_expired` */
  verify(jwt: string | undefined): Promise<Actor>;
}

const payloadSchema = z.object({
  sub: z.string().min(1).max(255),
  client_id: z.string().min(1).max(2048),
  scope: z.string().max(1000),
  jti: z.string().min(1).max(128),
  client_ip: z.string().max(64).optional(),
});

/**
 * The private key of `ACTOR_KEY` (PEM, PKCS #8 or SEC 1), imported once.
 *
 * @throws {@link ArleoError} `actor_key_invalid`
 */
export function importActorKey(privateKeyPem: string): KeyObject {
  return p256(() => createPrivateKey(privateKeyPem), 'private');
}

/**
 * The public half, of `ACTOR_PUBLIC_KEY` (PEM, SPKI).
 *
 * @throws {@link ArleoError} `actor_key_invalid`
 */
export function importActorPublicKey(publicKeyPem: string): KeyObject {
  // createPublicKey also takes a private key; a server that holds one could forge actors, so it is refused.
  if (publicKeyPem.includes('PRIVATE KEY')) throw keyInvalid('public', undefined);
  return p256(() => createPublicKey(publicKeyPem), 'public');
}

const protectedHeader = base64url(JSON.stringify({ alg: 'ES256', typ: ACTOR_TYP }));

/**
 * A signed actor assertion (JWS ES256, {@link ACTOR_LIFETIME_SECONDS} from `now`, in milliseconds).
 *
 * Signed in place and not by jose, which verifies it: every call of `/mcp` needs a signature of its own, and WebCrypto's
 * way through a thread costs three times the signature.
 */
export function signActor(key: KeyObject, claims: ActorClaims, now: number = Date.now()): string {
  const issuedAt = Math.floor(now / 1000);
  const payload = {
    iss: ACTOR_ISSUER,
    sub: claims.sub,
    aud: claims.aud,
    client_id: claims.client_id,
    scope: claims.scope,
    jti: claims.request_id,
    client_ip: claims.client_ip,
    iat: issuedAt,
    exp: issuedAt + ACTOR_LIFETIME_SECONDS,
  };
  const signed = `${protectedHeader}.${base64url(JSON.stringify(payload))}`;
  return `${signed}.${signEs256(signed, key).toString('base64url')}`;
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/**
 * A verifier for the assertions of one oauth-proxy.
 *
 * @param publicKeyPem the public key of the pair, PEM (SPKI); EC P-256
 * @throws {@link ArleoError} `actor_key_invalid`
 */
export async function openActorVerifier(
  publicKeyPem: string,
  options: { audience?: string; now?: () => number } = {},
): Promise<ActorVerifier> {
  const { audience = 'hugo-mcp-server', now = Date.now } = options;
  const spki = importActorPublicKey(publicKeyPem).export({ type: 'spki', format: 'pem' });
  const key = await importSPKI(spki.toString(), 'ES256');
  return {
    async verify(jwt) {
      if (jwt === undefined || jwt === '') throw new ArleoError('actor_missing', 'There is no actor assertion.');
      if (jwt.length > maxLength) throw new ArleoError('actor_invalid', 'The actor assertion is too long.');
      try {
        const { payload } = await jwtVerify(jwt, key, {
          algorithms: ['ES256'],
          typ: ACTOR_TYP,
          issuer: ACTOR_ISSUER,
          audience,
          requiredClaims: ['sub', 'client_id', 'scope', 'jti', 'iat', 'exp'],
          maxTokenAge: ACTOR_LIFETIME_SECONDS,
          clockTolerance: ACTOR_CLOCK_TOLERANCE_SECONDS,
          currentDate: new Date(now()),
        });
        const { sub, client_id, scope, jti, client_ip } = payloadSchema.parse(payload);
        return { sub, clientId: client_id, scopes: expandScopes(scope), requestId: jti, clientAddress: client_ip };
      } catch (error) {
        throw isOutOfTime(error)
          ? new ArleoError('actor_expired', 'The actor assertion has expired.', { cause: error })
          : new ArleoError('actor_invalid', 'The actor assertion is not valid.', { cause: error });
      }
    },
  };
}

/** Past its end, or (a clock that is ahead) not begun yet: both are mended by setting the clocks. */
function isOutOfTime(error: unknown): boolean {
  return (
    error instanceof errors.JWTExpired ||
    (error instanceof errors.JWTClaimValidationFailed && error.claim === 'iat' && error.reason === 'check_failed')
  );
}

function p256(read: () => KeyObject, kind: 'private' | 'public'): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (error) {
    throw keyInvalid(kind, error);
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw keyInvalid(kind, undefined);
  return key;
}

function keyInvalid(kind: 'private' | 'public', cause: unknown): ArleoError {
  return new ArleoError('actor_key_invalid', `The key is not an EC P-256 ${kind} key in PEM form.`, {
    cause,
    hint: 'Make a pair with: openssl ecparam -name prime256v1 -genkey -noout -out actor.key && openssl ec -in actor.key -pubout -out actor.pub',
  });
}
