import fc from 'fast-check';
import { parseDuration } from './parse-duration.ts';

test.each([
  ['30s', 30_000],
  ['10m', 600_000],
  ['1h', 3_600_000],
  ['90d', 7_776_000_000],
])('%s is %d ms', (text, expected) => {
  expect(parseDuration(text, '--expires')).toBe(expected);
});

test.each([
  '',
  '90',
  'd',
  '0d',
  '-1d',
  '1.5h',
  '1 h',
  '90D',
  '1w',
  '1h30m',
  '9999999999s',
  '4000d',
  'Infinityd',
  '1h\n',
])('%j is refused with the forms that are taken', (text) => {
  expect(() => parseDuration(text, '--expires')).toThrow(
    expect.objectContaining({
      code: 'usage',
      message: expect.stringContaining('--expires'),
      hint: expect.stringContaining('90d'),
    }),
  );
});

test('no text gives anything but a positive whole number of milliseconds or a usage error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{1,12}[smhdw]$/)), (text) => {
      let milliseconds: number;
      try {
        milliseconds = parseDuration(text, '--grace');
      } catch (error) {
        expect(error).toMatchObject({ code: 'usage' });
        return;
      }
      expect(Number.isSafeInteger(milliseconds) && milliseconds > 0).toBe(true);
    }),
  );
});
