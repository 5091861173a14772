import { X509Certificate } from 'node:crypto';
import * as z from 'zod';
import { openClientAddress } from '../http/client-address.ts';
import { DEFAULT_MAX_BODY_BYTES } from '../limits/body-limit.ts';

/** A TCP port, 0 to 65535; 0 lets the system choose. */
export const port = (fallback: number) =>
  z.coerce
    .number('is not a number')
    .int('is not a whole number')
    .min(0, 'is not a port (0 to 65535)')
    .max(65535, 'is not a port (0 to 65535)')
    .default(fallback)
    .meta({ example: fallback });

/** An address to listen on. */
export const listenHost = z
  .string()
  .regex(/^[0-9A-Za-z.:_-]+$/, 'is not a host name or address')
  .default('127.0.0.1')
  .meta({ example: '127.0.0.1' });

/** A whole number of at least `minimum`. */
export const count = (fallback: number, minimum = 1) =>
  z.coerce
    .number('is not a number')
    .int('is not a whole number')
    .min(minimum, `is less than ${minimum}`)
    .default(fallback)
    .meta({ example: fallback });

/** An absolute URL with one of the schemes, without user, query or fragment. */
export const url = (schemes: readonly string[], example: string) =>
  z
    .string()
    .transform((text, context) => {
      const parsed = URL.canParse(text) ? new URL(text) : undefined;
      if (parsed && schemes.includes(parsed.protocol.slice(0, -1)) && isBare(parsed)) return parsed;
      context.addIssue(`is not a plain ${schemes.join(' or ')} URL (no user, query or fragment)`);
      return z.NEVER;
    })
    .meta({ example });

function isBare(parsed: URL): boolean {
  return parsed.username === '' && parsed.password === '' && parsed.search === '' && parsed.hash === '';
}

/** An absolute path. */
export const absolutePath = (example: string) =>
  z
    .string()
    .regex(/^\/[^\0]*$/, 'is not an absolute path')
    .meta({ example });

/** A hop token. */
export const hopToken = z
  .string()
  .regex(/^hmcp_[0-9a-f]{16}_[0-9a-f]{64}$/, 'is not a token as token-mgr prints it')
  .meta({ example: 'hmcp_<16 hex digits>_<64 hex digits>' });

/** A certificate in PEM form. */
export const certificate = z
  .string()
  .refine(
    isTakenBy((pem) => new X509Certificate(pem)),
    'is not a certificate in PEM form',
  )
  .meta({ example: '-----BEGIN CERTIFICATE-----… (or give the file, with _FILE)' });

/** True if `read` takes the value without throwing. */
export function isTakenBy(read: (value: string) => unknown): (value: string) => boolean {
  return (value) => {
    try {
      read(value);
      return true;
    } catch {
      return false;
    }
  };
}

/** A SHA-256 as hex, colons allowed; lower-case without colons as result. */
export const sha256Hex = z
  .string()
  .transform((text) => text.replaceAll(':', '').toLowerCase())
  .pipe(z.string().regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in hex'))
  .meta({ example: '64 hex digits' });

/** A Git branch, by the part of Git's rules that keeps it from being an option or another ref. */
export const branchName = z
  .string()
  .max(200, 'is too long')
  .regex(
    /^(?![-/.])(?!.*(?:\.\.|\/\/|\/\.|@\{|\.lock(?:\/|$)))[^\s~^:?*[\\\p{Cc}]+(?<![./])$/u,
    'is not the name of a branch',
  )
  .default('main')
  .meta({ example: 'main' });

/** A list, separated by commas or spaces. */
export const list = (fallback: string, example = fallback) =>
  z
    .string()
    .default(fallback)
    .transform((text) => text.split(/[\s,]+/).filter((item) => item !== ''))
    .meta({ example });

/** Whose `X-Forwarded-For` and `CF-Connecting-IP` are believed. */
export const trustedProxies = list('loopback', '127.0.0.1, 10.0.0.0/8').transform((trusted, context) => {
  try {
    return openClientAddress(trusted);
  } catch {
    context.addIssue('is not a list of addresses, ranges, or the names loopback, linklocal, uniquelocal');
    return z.NEVER;
  }
});

/** `true` or `false`. */
export const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'], 'is neither true nor false')
    .default(fallback ? 'true' : 'false')
    .transform((text) => text === 'true')
    .meta({ example: 'true' });

/** The variables that every service has. */
export const common = {
  HOST: listenHost,
  LOG_LEVEL: z
    .enum(['error', 'warn', 'info', 'debug'], 'is not one of error, warn, info, debug')
    .default('info')
    .meta({ example: 'info' }),
  MAX_BODY_BYTES: count(DEFAULT_MAX_BODY_BYTES, 1024),
  DRAIN_SECONDS: count(130, 0),
  AUDIT_LOG_BYTES: count(16 * 1024 * 1024, 64 * 1024),
  AUDIT_LOG_FILES: count(60),
};
