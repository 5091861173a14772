import fc from 'fast-check';
import { mintToken, parseToken, TOKEN_LENGTH, tokenSha256 } from './token.ts';

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });

test('a minted token parses into its parts, and no two are alike', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 1000; i += 1) {
    const { token, lookup, secret } = mintToken();
    expect(token).toHaveLength(TOKEN_LENGTH);
    expect(parseToken(token)).toEqual({ lookup, secret });
    seen.add(lookup).add(secret);
  }
  expect(seen.size).toBe(2000);
});

test('every text of the right form parses, and prints back the same', () => {
  fc.assert(
    fc.property(hex(16), hex(64), (lookup, secret) => {
      expect(parseToken(`hmcp_${lookup}_${secret}`)).toEqual({ lookup, secret });
    }),
  );
});

test('no other text parses', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      expect(parseToken(text)).toBeUndefined();
    }),
  );
});

test('one changed, removed or added character makes a token malformed, unless it is another hex digit', () => {
  fc.assert(
    fc.property(fc.nat(TOKEN_LENGTH - 1), fc.string({ unit: 'binary', maxLength: 2 }), (at, replacement) => {
      const { token } = mintToken();
      const changed = token.slice(0, at) + replacement + token.slice(at + 1);
      const hexDigit = /^[0-9a-f]$/.test(replacement) && /^[0-9a-f]$/.test(token.charAt(at)) && at >= 5;
      expect(parseToken(changed) !== undefined).toBe(hexDigit || changed === token);
    }),
  );
});

test.each([
  ['nothing', ''],
  ['upper case', mintToken().token.toUpperCase()],
  ['a space in front', ` ${mintToken().token}`],
  ['a line feed at the end', `${mintToken().token}\n`],
  ['the token of the system before', `hmcp_${'a'.repeat(64)}`],
  ['truncated', mintToken().token.slice(0, -1)],
])('refuses %s', (_, text) => {
  expect(parseToken(text)).toBeUndefined();
});

test('the SHA-256 of a token is 64 hex digits of the whole token', () => {
  expect(tokenSha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
