import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { mintToken } from '@arleo/core/tokens/token';
import { createCallerCheck } from './caller-check.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const [old, fresh, foreign] = [mintToken().token, mintToken().token, mintToken().token];

/** What a check knowing `known` says to a request with this Authorization header. */
function verdict(authorization: string | undefined, known: readonly string[] = [sha256(old)]) {
  return createCallerCheck(known)({ headers: { authorization } } as IncomingMessage);
}

test('the token whose digest is known is let in, any other is not', () => {
  expect(verdict(`Bearer ${old}`)).toBeUndefined();
  expect(verdict(`Bearer ${foreign}`)).toBe('token_invalid');
});

test('while a token is rotated both are let in, in whatever order their digests stand', () => {
  for (const known of [
    [sha256(old), sha256(fresh)],
    [sha256(fresh), sha256(old)],
  ]) {
    expect(verdict(`Bearer ${old}`, known)).toBeUndefined();
    expect(verdict(`Bearer ${fresh}`, known)).toBeUndefined();
    expect(verdict(`Bearer ${foreign}`, known)).toBe('token_invalid');
  }
});

test('a request without the header is told apart from one with a wrong token', () => {
  expect(verdict(undefined)).toBe('token_missing');
  expect(verdict('')).toBe('token_invalid');
});

test.each([
  ['no scheme', old],
  ['another scheme', `Basic ${old}`],
  ['the scheme alone', 'Bearer '],
  ['one character less', `Bearer ${old.slice(0, -1)}`],
  ['one character more', `Bearer ${old}0`],
  ['a space before the token', `Bearer  ${old}`],
  ['a space after the token', `Bearer ${old} `],
  ['other case', `Bearer ${old.toUpperCase()}`],
  ['the digest instead of the token', `Bearer ${sha256(old)}`],
  ['two tokens', `Bearer ${old}, Bearer ${old}`],
  ['a header of megabytes', `Bearer ${'x'.repeat(2 ** 20)}`],
])('%s: token_invalid', (_, authorization) => {
  expect(verdict(authorization)).toBe('token_invalid');
});

test('no known digest lets nobody in', () => {
  expect(verdict(`Bearer ${old}`, [])).toBe('token_invalid');
});
