import { Secret, TOTP } from 'otpauth';
import * as z from 'zod';
import { makeRecoveryCodes, matchRecoveryCode, recoveryHash } from './recovery-codes.ts';

/** What every authenticator app understands (RFC 6238); others than these are not offered. */
export const TOTP_RULES = { algorithm: 'SHA1', digits: 6, period: 30 } as const;

/** Steps before and after the present one whose codes are accepted: clocks differ, and typing takes time. */
const tolerance = 1;

/** Seconds after which no code of a step is accepted any more, with some to spare: so long it must be known as used. */
export const CODE_SECONDS = (2 * tolerance + 2) * TOTP_RULES.period;

/** Bytes of a new secret: as many as the hash has (RFC 4226 section 4, R6). */
const secretBytes = 20;

/** Base32 without padding, 128 to 512 bits (RFC 4226 section 4, R6: at least 128). */
export const TOTP_SECRET = /^[A-Z2-7]{26,103}$/;

/** A second factor as it is stored. Fields that this version does not know are kept. */
export const secondFactorSchema = z.looseObject({
  /** Base32. */
  secret: z.string().regex(TOTP_SECRET),
  /** SHA-256, hex, of each recovery code. */
  recovery_hashes: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(100),
  /** ISO 8601, UTC. Tells one factor from a later one. */
  enabled_at: z.iso.datetime(),
  /** The step of the last code that is known as used: no code of it or an earlier one is accepted. */
  last_step: z.int().nonnegative(),
});

/** A second factor: a secret that makes codes, and the recovery codes that stand in for it. */
export type SecondFactor = z.infer<typeof secondFactorSchema>;

/** What a presented code is. */
export type CodeMatch = { kind: 'totp'; step: number } | { kind: 'recovery'; hash: string };

/** A new secret, in Base32. */
export function newTotpSecret(): string {
  return new Secret({ size: secretBytes }).base32;
}

/**
 * What an app reads from the QR code.
 *
 * @see [Key URI format](https://github.com/google/google-authenticator/wiki/Key-Uri-Format)
 */
export function totpUri(secret: string, { issuer, account }: { issuer: string; account: string }): string {
  return totp(secret, issuer, account).toString();
}

/**
 * Makes a secret into a factor, if the code proves that an app has it: so that a scan that went wrong locks nobody out.
 * The code counts as used.
 *
 * @param now milliseconds since 1970
 * @returns the factor and its recovery codes, which are stored nowhere; undefined if the code is wrong
 */
export function confirmFactor(
  secret: string,
  code: string,
  now: number,
): { factor: SecondFactor; recoveryCodes: string[] } | undefined {
  const step = matchingStep(secret, code, now);
  if (step === undefined) return undefined;
  const recovery = newRecoveryCodes();
  return {
    factor: {
      secret,
      recovery_hashes: recovery.hashes,
      enabled_at: new Date(now).toISOString(),
      last_step: step,
    },
    recoveryCodes: recovery.codes,
  };
}

/** New recovery codes, and what is stored of them. */
export function newRecoveryCodes(): { codes: string[]; hashes: string[] } {
  const codes = makeRecoveryCodes();
  return { codes, hashes: codes.map((code) => recoveryHash(code) ?? '') };
}

/**
 * What a presented code is: one of the app of about now, or a recovery code; undefined if neither. Spaces and hyphens do
 * not matter. Whether it was used before is for the caller to know.
 *
 * @param now milliseconds since 1970
 */
export function matchCode(factor: SecondFactor, presented: string, now: number): CodeMatch | undefined {
  if (presented.length > 100) return undefined;
  const step = matchingStep(factor.secret, presented, now);
  if (step !== undefined) return { kind: 'totp', step };
  const hash = matchRecoveryCode(presented, factor.recovery_hashes);
  return hash === undefined ? undefined : { kind: 'recovery', hash };
}

/** The step (30 s since 1970, RFC 6238 section 4) whose code this is, if it is the present one or beside it. */
function matchingStep(secret: string, presented: string, now: number): number | undefined {
  const code = presented.replace(/[\s-]/g, '');
  if (!/^\d{6}$/.test(code)) return undefined;
  const delta = totp(secret).validate({ token: code, timestamp: now, window: tolerance });
  return delta === null ? undefined : TOTP.counter({ period: TOTP_RULES.period, timestamp: now }) + delta;
}

function totp(secret: string, issuer = '', label = ''): TOTP {
  return new TOTP({ ...TOTP_RULES, issuer, label, secret: Secret.fromBase32(secret) });
}
