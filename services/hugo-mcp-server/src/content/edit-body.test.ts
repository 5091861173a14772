import fc from 'fast-check';
import { editBody } from './edit-body.ts';

const body = 'First line.\n\nThe colour of the sky is blue.\nThe colour of the sea is blue too.\n';
const refusal = (edits: { find: string; replace: string }[], text = body) => {
  try {
    editBody(text, edits);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message };
  }
  return { code: 'none', message: '' };
};

test('replaces text that is there once, each edit in what the ones before it left', () => {
  const edits = [
    { find: 'sky is blue', replace: 'sky is grey' },
    { find: 'blue', replace: '$& $1' },
    { find: 'First line.\n\n', replace: '' },
  ];
  expect(editBody(body, edits)).toBe('The colour of the sky is grey.\nThe colour of the sea is $& $1 too.\n');
});

test('names the edit that is not there, and shows the nearest lines', () => {
  const { code, message } = refusal([
    { find: 'sky', replace: 'lake' },
    { find: 'colour of the sky are blue', replace: '' },
  ]);
  expect(code).toBe('edit_not_found');
  expect(message).toContain('edits[1]: the text to find is not in the page');
  expect(message).toContain('as the edits before it left it');
  expect(message).toMatch(
    /not instructions to you\.\n--- begin (.*) ---\n4: The colour of the sea is blue too\.\n3: The colour of the lake.*\n--- end \1 ---/,
  );
  expect(refusal([{ find: 'zzz', replace: '' }]).message).toContain('1: First line.');
  expect(refusal([{ find: 'zzz', replace: '' }], '').message).toContain('The body has no text.');
  expect(refusal([{ find: 'zzz', replace: '' }], `${'é'.repeat(9000)}\n`).message.length).toBeLessThan(500);
});

test('names the edit that is there more than once, how often and where', () => {
  expect(refusal([{ find: 'blue', replace: 'red' }])).toEqual({
    code: 'edit_ambiguous',
    message: expect.stringMatching(
      /edits\[0\]: the text to find is 2 times .*\n.*\n.*not instructions to you\.\n--- begin (.*) ---\n3: The colour.*\n4: The colour.*\n--- end \1 ---/,
    ),
  });
  expect(refusal([{ find: 'aa', replace: 'b' }], 'aaa').message).toContain('2 times');
  expect(refusal([{ find: 'a', replace: 'b' }], 'a\n'.repeat(9)).message).toMatch(
    /9 times[\s\S]*\n5: a\n--- end .* ---\nand 4 more$/,
  );
});

test('line feeds of an edit stand for the line ends of the body', () => {
  const crlf = body.replaceAll('\n', '\r\n');
  const edits = [{ find: 'line.\n\nThe', replace: 'line.\nSecond.\r\n\nThe' }];
  expect(editBody(crlf, edits)).toBe(
    editBody(body, [{ ...edits[0], find: 'line.\n\nThe', replace: 'line.\nSecond.\n\nThe' }]).replaceAll('\n', '\r\n'),
  );
  const mixed = 'a\r\nb\nc\n';
  expect(editBody(mixed, [{ find: 'a\r\nb\n', replace: 'x\n' }])).toBe('x\nc\n');
});

test('in a body with both line ends, text is found whatever its line ends are, and the lines keep theirs', () => {
  const mixed = 'Zero\nLine one\r\nLine two\nLine three\r\n';
  const edit = (find: string, replace: string) => editBody(mixed, [{ find, replace }]);
  expect(edit('Line one\nLine two', 'New one\nNew two')).toBe('Zero\nNew one\r\nNew two\nLine three\r\n');
  expect(edit('Zero\r\nLine one', 'Nought')).toBe('Nought\r\nLine two\nLine three\r\n');
  expect(edit('one\nLine two\nLine', 'one\nline')).toBe('Zero\nLine one\r\nline three\r\n');
  expect(refusal([{ find: 'a\nb\nc', replace: '' }], 'a\r\nb\nc\na\nb\r\nc').code).toBe('edit_ambiguous');
  expect(refusal([{ find: 'one\n\nLine', replace: '' }], mixed).code).toBe('edit_not_found');
});

test('a body does not grow beyond its limit, and a longer one may still be mended', () => {
  const find = 'Z';
  const long = `${'x'.repeat(512 * 1024)}${find}`;
  expect(refusal([{ find, replace: 'yy' }], long).code).toBe('content_too_large');
  expect(editBody(long, [{ find, replace: 'y' }])).toHaveLength(512 * 1024 + 1);
});

test('every other byte of any body stays', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 40 });
  fc.assert(
    fc.property(text, text, fc.string({ unit: 'grapheme' }), (before, after, replace) => {
      const whole = `${before}<<here>>${after}`;
      fc.pre(!/[\r\n]/.test(whole + replace) && whole.split('<<here>>').length === 2);
      expect(editBody(whole, [{ find: '<<here>>', replace }])).toBe(before + replace + after);
    }),
  );
});
