import { TOTP } from 'otpauth';
import { makeRecoveryCodes, matchRecoveryCode, recoveryHash } from './recovery-codes.ts';
import { confirmFactor, matchCode, newTotpSecret, secondFactorSchema, TOTP_SECRET, totpUri } from './second-factor.ts';

const now = Date.UTC(2026, 10, 21, 12, 0, 5);
const step = Math.floor(now / 30_000);
/** The ASCII secret `12345678901234567890` of RFC 6238, appendix B. */
const rfcSecret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

function codeAt(secret: string, time: number): string {
  return new TOTP({ secret, algorithm: 'SHA1', digits: 6, period: 30 }).generate({ timestamp: time });
}

function enrolled() {
  const secret = newTotpSecret();
  const confirmed = confirmFactor(secret, codeAt(secret, now), now);
  if (!confirmed) throw new Error('its own code was not accepted');
  return confirmed;
}

describe('codes of an app', () => {
  it.each([
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ])('are those of RFC 6238, appendix B, at %d s', (seconds, code) => {
    const factor = { secret: rfcSecret, recovery_hashes: [], enabled_at: '2026-11-21T12:00:00Z', last_step: 0 };
    expect(matchCode(factor, code, seconds * 1000)).toEqual({ kind: 'totp', step: Math.floor(seconds / 30) });
  });

  it('are accepted one step early or late, and not two', () => {
    const { factor } = enrolled();
    for (const away of [-2, -1, 0, 1, 2]) {
      const match = matchCode(factor, codeAt(factor.secret, now + away * 30_000), now);
      expect(match).toEqual(Math.abs(away) <= 1 ? { kind: 'totp', step: step + away } : undefined);
    }
  });

  it('may be typed in groups', () => {
    const { factor } = enrolled();
    const code = codeAt(factor.secret, now);
    expect(matchCode(factor, ` ${code.slice(0, 3)} ${code.slice(3)} `, now)).toEqual({ kind: 'totp', step });
  });

  it.each(['', '12345', '1234567', '１２３４５６', '12345a', '0x1234', '-12345', '1'.repeat(1000)])(
    'are none: %j',
    (text) => {
      expect(matchCode(enrolled().factor, text, now)).toBeUndefined();
    },
  );
});

describe('enrolling', () => {
  it('makes secrets of 160 bits, each another', () => {
    const secrets = Array.from({ length: 50 }, newTotpSecret);
    for (const secret of secrets) expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    for (const secret of secrets) expect(secret).toMatch(TOTP_SECRET);
    expect(new Set(secrets).size).toBe(50);
  });

  it('needs a code of the secret, which counts as used, and stores no recovery code', () => {
    const secret = newTotpSecret();
    expect(confirmFactor(secret, '000000x', now)).toBeUndefined();
    expect(confirmFactor(secret, codeAt(newTotpSecret(), now), now)).toBeUndefined();
    const { factor, recoveryCodes } = confirmFactor(secret, codeAt(secret, now), now) ?? {};
    expect(factor).toMatchObject({ secret, enabled_at: '2026-11-21T12:00:05.000Z', last_step: step });
    expect(secondFactorSchema.parse(factor)).toEqual(factor);
    expect(recoveryCodes).toHaveLength(10);
    for (const code of recoveryCodes ?? []) expect(JSON.stringify(factor)).not.toContain(code.slice(0, 9));
  });

  it('tells apps what they understand', () => {
    const uri = new URL(totpUri(rfcSecret, { issuer: 'Arleo', account: 'my host' }));
    expect(uri.href).toContain('otpauth://totp/Arleo:my%20host?');
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      issuer: 'Arleo',
      secret: rfcSecret,
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
  });
});

describe('recovery codes', () => {
  it('have 120 bits, all different', () => {
    const codes = makeRecoveryCodes(200);
    for (const code of codes) expect(code).toMatch(/^([0-9a-hjkmnp-tv-z]{4}-){5}[0-9a-hjkmnp-tv-z]{4}$/);
    expect(new Set(codes).size).toBe(200);
    // Every one of the 32 characters is used: nothing is cut off the alphabet.
    expect(new Set(codes.join('').replaceAll('-', '')).size).toBe(32);
  });

  it('stand in for a code, as they may be copied by hand', () => {
    const { factor, recoveryCodes } = enrolled();
    const [, second = ''] = recoveryCodes;
    const hash = factor.recovery_hashes[1];
    expect(matchCode(factor, second, now)).toEqual({ kind: 'recovery', hash });
    const byHand = second.toUpperCase().replaceAll('-', ' ').replaceAll('1', 'l').replaceAll('0', 'O');
    expect(matchCode(factor, byHand, now)).toEqual({ kind: 'recovery', hash });
  });

  it('are of no other factor, and no part is enough', () => {
    const { factor, recoveryCodes } = enrolled();
    expect(matchCode(factor, enrolled().recoveryCodes[0] ?? '', now)).toBeUndefined();
    expect(matchCode(factor, (recoveryCodes[0] ?? '').slice(0, -1), now)).toBeUndefined();
    expect(matchRecoveryCode('', factor.recovery_hashes)).toBeUndefined();
    expect(matchRecoveryCode(recoveryCodes[0] ?? '', ['', 'abc'])).toBeUndefined();
    expect(recoveryHash('u'.repeat(24))).toBeUndefined();
  });
});
