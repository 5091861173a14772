import { isArleoError } from '@arleo/core/errors';
import fc from 'fast-check';
import { ignoredPush, readHead, readPush } from './delivery.ts';

const push = { ref: 'refs/heads/main', before: '0'.repeat(40), after: '1'.repeat(40), deleted: false, commits: [] };
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const form = (text: string) => Buffer.from(text);
const FORM = 'application/x-www-form-urlencoded';

test('the payload comes as JSON or as the one field of a form', () => {
  const expected = { ref: push.ref, after: push.after, deleted: false };
  expect(readPush(json(push), 'application/json')).toEqual(expected);
  expect(readPush(json(push), 'application/json; charset=utf-8')).toEqual(expected);
  expect(readPush(form(`payload=${encodeURIComponent(JSON.stringify(push))}`), FORM)).toEqual(expected);
});

test.each([
  ['JSON as a form', json(push), FORM, 'bad_request'],
  ['a form as JSON', form('payload={}'), 'application/json', 'bad_json'],
  ['two payloads', form('payload={}&payload={}'), FORM, 'bad_request'],
  ['text', json(push), 'text/plain', 'unsupported_media_type'],
  ['no content type', json(push), undefined, 'unsupported_media_type'],
  ['another JSON', json(push), 'application/jsonx', 'unsupported_media_type'],
  ['an array', json([push]), 'application/json', 'bad_request'],
  ['no ref', json({ after: push.after }), 'application/json', 'bad_request'],
  ['a ref that is no text', json({ ...push, ref: ['refs/heads/main'] }), 'application/json', 'bad_request'],
  ['a commit that is none', json({ ...push, after: 'main' }), 'application/json', 'bad_request'],
  ['a deep value', Buffer.from(`${'['.repeat(100_000)}${']'.repeat(100_000)}`), 'application/json', 'bad_request'],
  ['bytes', Buffer.from([0xff, 0xfe, 0x00]), 'application/json', 'bad_json'],
])('%s', (_, body, type, code) => {
  expect(() => readPush(body, type)).toThrow(expect.objectContaining({ code }));
});

test.each([
  ['refs/heads/main', false, undefined],
  ['refs/heads/main', true, 'branch_deleted'],
  ['refs/heads/main2', false, 'other_ref'],
  ['refs/heads/feature/main', false, 'other_ref'],
  ['refs/tags/main', false, 'other_ref'],
  ['main', false, 'other_ref'],
] as const)('a push to %s, deleted: %s', (ref, deleted, why) => {
  expect(ignoredPush({ ref, deleted, after: push.after }, 'main')).toBe(why);
});

test('a head that is no head of GitHub’s gives nothing', () => {
  const id = '72d3162e-cc78-11e3-81ab-4c9367dc0958';
  expect(readHead({ 'x-github-delivery': id, 'x-github-event': 'push' })).toEqual({ id, event: 'push' });
  expect(readHead({})).toEqual({});
  expect(readHead({ 'x-github-delivery': 'a b', 'x-github-event': 'Push' })).toEqual({});
  expect(readHead({ 'x-github-delivery': 'x'.repeat(101), 'x-github-event': '../push' })).toEqual({});
});

test('whatever is signed, it is a push or a refusal with a code', () => {
  const payload = fc.oneof(
    fc.uint8Array(),
    fc.json().map(Buffer.from),
    fc.string().map((text) => form(`payload=${text}`)),
  );
  const type = fc.option(fc.oneof(fc.string(), fc.constantFrom('application/json', FORM)), { nil: undefined });
  fc.assert(
    fc.property(payload, type, (body, contentType) => {
      try {
        const { ref, after } = readPush(body, contentType);
        expect([typeof ref, typeof after]).toEqual(['string', 'string']);
      } catch (error) {
        expect(isArleoError(error)).toBe(true);
      }
    }),
  );
});
