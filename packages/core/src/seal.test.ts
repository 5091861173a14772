import fc from 'fast-check';
import { isSealed, seal, unseal } from './seal.ts';

const key = Buffer.alloc(32, 7);

it('gives back any text, and shows nothing of it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      const sealed = seal(key, 'place', text);
      expect(isSealed(sealed)).toBe(true);
      expect(unseal(key, 'place', sealed)).toBe(text);
    }),
  );
  expect(seal(key, 'place', 'secret')).not.toBe(seal(key, 'place', 'secret'));
});

it.each([
  ['another key', () => unseal(Buffer.alloc(32, 8), 'place', seal(key, 'place', 'x'))],
  ['another place', () => unseal(key, 'elsewhere', seal(key, 'place', 'x'))],
  ['a changed byte', () => unseal(key, 'place', seal(key, 'place', 'x'.repeat(40)).replace(/.{5}$/, 'AAAAA'))],
  ['a part of it', () => unseal(key, 'place', seal(key, 'place', 'x').slice(0, -8))],
  ['nothing', () => unseal(key, 'place', 'sealed:v1:')],
])('does not open with %s', (_what, open) => {
  expect(open).toThrow(expect.objectContaining({ code: 'seal_broken' }));
});
