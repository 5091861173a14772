import { formatWebhookSecrets, parseWebhookSecrets } from './secrets.ts';

const [a, b] = ['a'.repeat(32), 'b'.repeat(32)];

test('one secret, or two during a rotation, with any line end', () => {
  expect(parseWebhookSecrets(a)).toEqual([a]);
  expect(parseWebhookSecrets(`${a}\n`)).toEqual([a]);
  expect(parseWebhookSecrets(`${a}\r\n${b}\r\n`)).toEqual([a, b]);
  expect(parseWebhookSecrets(formatWebhookSecrets([a, b]))).toEqual([a, b]);
});

test.each([
  ['nothing', ''],
  ['a short one', 'a'.repeat(15)],
  ['a long one', 'a'.repeat(256)],
  ['three', `${a}\n${b}\n${'c'.repeat(32)}`],
  ['the same twice', `${a}\n${a}`],
  ['an empty line', `${a}\n\n`],
  ['a space', `${a} x`],
  ['a character that looks like another', `${a}а`],
  ['a NUL', `${a}\0`],
])('%s is refused, and the message does not show it', (_, text) => {
  expect(() => parseWebhookSecrets(text)).toThrow(expect.objectContaining({ code: 'webhook_secret_invalid' }));
  expect(() => parseWebhookSecrets(text)).not.toThrow(new RegExp(`${a}|${b}`));
});
