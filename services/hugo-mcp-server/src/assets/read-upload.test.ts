import { deflateSync } from 'node:zlib';
import { readUpload } from './read-upload.ts';

const bytes = {
  'image/png': Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), deflateSync('x')]),
  'image/jpeg': Buffer.from('ffd8ffe000104a464946', 'hex'),
  'image/gif': Buffer.from('GIF89a\x01\0\x01\0', 'latin1'),
  'image/webp': Buffer.from('RIFF\x0a\0\n\0WEBPVP8 ', 'latin1'),
  'image/svg+xml': Buffer.from('\ufeff\n<svg xmlns="http://www.w3.org/2000/svg"/>'),
  'application/pdf': Buffer.from('%PDF-1.7\n'),
} as const;
type Type = keyof typeof bytes;
const types = Object.keys(bytes) as Type[];
const code = (run: () => unknown) => {
  try {
    run();
    return 'taken';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test.each(types)('%s is what its bytes say, and nothing else', (type) => {
  const data = bytes[type].toString('base64');
  expect(readUpload(data, type, 1000)).toEqual(bytes[type]);
  for (const other of types.filter((one) => one !== type)) {
    expect(code(() => readUpload(data, other, 1000))).toBe('asset_type_mismatch');
  }
});

test.each([
  ['HTML', '<!doctype html>', 'asset_type_mismatch'],
  ['a program', '\x7fELF', 'asset_type_mismatch'],
  ['nothing but the start of a PNG', '\x89PNG', 'asset_type_mismatch'],
  ['text', 'hello', 'asset_type_mismatch'],
])('%s is no picture', (_, text, expected) => {
  expect(code(() => readUpload(Buffer.from(text, 'latin1').toString('base64'), 'image/png', 1000))).toBe(expected);
});

test('HTML that is declared as SVG is no SVG', () => {
  const data = Buffer.from('<!doctype html><p>x').toString('base64');
  expect(code(() => readUpload(data, 'image/svg+xml', 1000))).toMatch(/^svg_/);
});

test('base64 is strict, but for line ends', () => {
  const data = bytes['image/gif'].toString('base64');
  expect(readUpload(`${data.slice(0, 4)}\r\n${data.slice(4)}\n`, 'image/gif', 1000)).toEqual(bytes['image/gif']);
  for (const wrong of [
    `data:image/gif;base64,${data}`,
    `${data} `,
    `${data}!`,
    data.slice(0, -1),
    '====',
    'R0lGODlh_-',
    '\n',
  ]) {
    expect(code(() => readUpload(wrong, 'image/gif', 1000))).toBe('base64_invalid');
  }
});

test('the limit counts decoded bytes, to the byte', () => {
  for (const size of [98, 99, 100]) {
    const data = Buffer.concat([bytes['image/gif'], Buffer.alloc(size - bytes['image/gif'].length)]).toString('base64');
    expect(readUpload(data, 'image/gif', size)).toHaveLength(size);
    expect(code(() => readUpload(data, 'image/gif', size - 1))).toBe('asset_too_large');
  }
});
