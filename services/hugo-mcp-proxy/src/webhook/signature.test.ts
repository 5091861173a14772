import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { checkSignature } from './signature.ts';

const [fresh, old] = ['f'.repeat(32), 'o'.repeat(32)];
const body = Buffer.from('Hello, World!');
const sign = (secret: string, bytes: Uint8Array = body) =>
  `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`;

test('the example of GitHub’s documentation is right', () => {
  const documented = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
  expect(checkSignature(body, documented, ["It's a Secret to Everybody"])).toEqual({ valid: true, secret: 0 });
});

test('both secrets of a rotation are valid, and it is told which one it was', () => {
  expect(checkSignature(body, sign(fresh), [fresh, old])).toEqual({ valid: true, secret: 0 });
  expect(checkSignature(body, sign(old), [fresh, old])).toEqual({ valid: true, secret: 1 });
  expect(checkSignature(body, sign(old), [fresh])).toMatchObject({ valid: false, why: 'signature_wrong' });
  expect(checkSignature(body, sign(fresh), [])).toMatchObject({ valid: false, why: 'signature_wrong' });
});

test.each([
  ['none', undefined, 'signature_missing'],
  ['an empty one', '', 'signature_missing'],
  [
    'the SHA-1 of the older header',
    `sha1=${createHmac('sha1', fresh).update(body).digest('hex')}`,
    'signature_malformed',
  ],
  ['no algorithm', sign(fresh).slice(7), 'signature_malformed'],
  ['upper case', sign(fresh).toUpperCase(), 'signature_malformed'],
  ['one digit less', sign(fresh).slice(0, -1), 'signature_malformed'],
  ['one digit more', `${sign(fresh)}0`, 'signature_malformed'],
  ['two, as a doubled header comes', `${sign(fresh)}, ${sign(fresh)}`, 'signature_malformed'],
  ['a line after it', `${sign(fresh)}\n`, 'signature_malformed'],
  ['a list', [sign(fresh)], 'signature_malformed'],
  ['one of another body', sign(fresh, Buffer.from('Hello, World?')), 'signature_wrong'],
  ['one with another secret', sign('x'.repeat(32)), 'signature_wrong'],
])('%s', (_, header, why) => {
  expect(checkSignature(body, header, [fresh, old])).toEqual({ valid: false, why });
});

test('whatever bytes are signed, their signature is right, and wrong for the same bytes with one changed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), (bytes, at) => {
      expect(checkSignature(bytes, sign(fresh, bytes), [fresh]).valid).toBe(true);
      const changed = Uint8Array.from(bytes);
      changed[at % bytes.length] = (changed[at % bytes.length] ?? 0) ^ 1;
      expect(checkSignature(changed, sign(fresh, bytes), [fresh]).valid).toBe(false);
    }),
  );
});
