import fc from 'fast-check';
import {
  ACCESS_TOKEN_SECONDS,
  formatKeySet,
  type KeySet,
  keysAt,
  makeKey,
  PUBLISHED_FIRST_SECONDS,
  parseKeySet,
  withNextKey,
} from './key-set.ts';

const start = Date.parse('2026-11-21T10:00:00Z');
const minutes = (count: number): number => start + count * 60_000;
const phases = (keys: KeySet, now: number) => keysAt(keys, now).map(({ jwk, phase }) => [jwk.kid, phase]);

describe('a rotation', () => {
  const old = makeKey(0);
  const rotated = withNextKey([old], start) as KeySet;
  const [a, b] = [old.jwk.kid, rotated[1]?.jwk.kid];

  test.each([
    [
      'at once: published, while the old one signs',
      0,
      [
        [a, 'signing'],
        [b, 'published'],
      ],
    ],
    [
      'until a quarter of an hour is over',
      14.99,
      [
        [a, 'signing'],
        [b, 'published'],
      ],
    ],
    [
      'then it signs, and the old one only verifies',
      15,
      [
        [a, 'retiring'],
        [b, 'signing'],
      ],
    ],
    [
      'for the hour that the last old token lives, and for clocks that differ',
      15 + 64.99,
      [
        [a, 'retiring'],
        [b, 'signing'],
      ],
    ],
    ['then the old one is dropped', 15 + 65, [[b, 'signing']]],
    ['and stays so', 100_000, [[b, 'signing']]],
  ])('%s', (_when, after, expected) => {
    expect(phases(rotated, minutes(after))).toEqual(expected);
  });

  test('is not begun again before the new key signs, and can be then', () => {
    expect(withNextKey(rotated, minutes(14))).toBeUndefined();
    expect(phases(withNextKey(rotated, minutes(15)) as KeySet, minutes(15))).toEqual([
      [a, 'retiring'],
      [b, 'signing'],
      [expect.any(String), 'published'],
    ]);
  });

  test('leaves what is over out', () => {
    expect(withNextKey(rotated, minutes(200))).toHaveLength(2);
  });
});

test('a clock that was set back leaves a key that signs', () => {
  const keys: KeySet = [makeKey(start), makeKey(minutes(15))];
  expect(keysAt(keys, start - 86_400_000).map(({ phase }) => phase)).toEqual(['signing', 'published']);
  const [, next] = withNextKey([keys[0]], start - 86_400_000) as KeySet;
  expect(next?.signsFrom).toBeGreaterThan(start);
});

test('whatever was rotated when: one key signs, it was published long enough, and no token outlives its key', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 7_200 }), { minLength: 1, maxLength: 6 }), (pauses) => {
      let keys: KeySet = [makeKey(0)];
      let now = start;
      const published = new Map<string, number>([[keys[0].jwk.kid, 0]]);
      const signed = new Map<string, number>();
      for (const pause of pauses) {
        keys = withNextKey(keys, now) ?? keys;
        for (const end = now + pause * 1000; now < end; now += 60_000) {
          const timed = keysAt(keys, now);
          const signers = timed.filter(({ phase }) => phase === 'signing').map(({ jwk }) => jwk.kid);
          expect(signers).toHaveLength(1);
          const [signer = ''] = signers;
          for (const { jwk } of timed) if (!published.has(jwk.kid)) published.set(jwk.kid, now);
          if (!signed.has(signer)) {
            const known = now - (published.get(signer) ?? now);
            expect(known).toBeGreaterThanOrEqual(
              published.get(signer) === 0 ? 0 : PUBLISHED_FIRST_SECONDS * 1000 - 60_000,
            );
          }
          signed.set(signer, now);
          const kept = new Set(timed.map(({ jwk }) => jwk.kid));
          for (const [kid, last] of signed) if (now - last <= ACCESS_TOKEN_SECONDS * 1000) expect(kept).toContain(kid);
        }
      }
    }),
    { numRuns: 30 },
  );
});

describe('the stored form', () => {
  test('is read as it was written', () => {
    const keys: KeySet = [makeKey(start), makeKey(minutes(15))];
    expect(parseKeySet(formatKeySet(keys), 'here')).toEqual(keys);
  });

  test('of an earlier version has no times: its key signs', () => {
    const { jwk } = makeKey(0);
    const [key] = parseKeySet(JSON.stringify({ keys: [jwk] }), 'here');
    expect(key).toEqual({ jwk, signsFrom: 0 });
  });

  const { jwk } = makeKey(0);
  test.each([
    ['nothing', ''],
    ['no key', '{"keys":[]}'],
    ['a key of another kind', JSON.stringify({ keys: [{ ...jwk, crv: 'P-384' }] })],
    ['a key that is none', JSON.stringify({ keys: [{ ...jwk, x: 'AAAA' }] })],
    ['two halves that do not belong together', JSON.stringify({ keys: [{ ...jwk, d: makeKey(0).jwk.d }] })],
    ['a key without its id', JSON.stringify({ keys: [{ ...jwk, kid: undefined }] })],
    ['a time that is none', JSON.stringify({ keys: [{ ...jwk, signs_from: 'soon' }] })],
    ['a key id twice', JSON.stringify({ keys: [jwk, jwk] })],
    ['half of it', formatKeySet([{ jwk, signsFrom: 0 }]).slice(0, -20)],
  ])('%s is refused, and what is said shows no key', (_what, text) => {
    let thrown: unknown;
    try {
      parseKeySet(text, '/state/signing-keys.json');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'signing_keys_damaged', message: expect.stringContaining('/state/') });
    const { cause } = thrown as Error;
    expect(`${thrown}${(thrown as Error).stack}${cause}`).not.toContain(jwk.d.slice(0, 10));
  });
});
