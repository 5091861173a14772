import { ArleoError } from '@arleo/core/errors';
import { openLog, redactLine } from './log.ts';

/** The lines that `act` makes the log write to standard output. */
function linesOf(act: (log: ReturnType<typeof openLog>) => void, level = 'info'): string[] {
  const lines: string[] = [];
  const target = (console as unknown as { _stdout: NodeJS.WriteStream })._stdout;
  const { write } = target;
  target.write = ((text: string) => lines.push(text) > 0) as never;
  try {
    act(openLog({ service: 'oauth-proxy', level }));
  } finally {
    target.write = write;
  }
  return lines;
}

test('a line is JSON with service, level, time, message and fields', () => {
  const [line = ''] = linesOf((log) => log.info('ready', { url: 'http://127.0.0.1:8083' }));
  expect(line.endsWith('\n')).toBe(true);
  expect(JSON.parse(line)).toEqual({
    level: 'info',
    message: 'ready',
    service: 'oauth-proxy',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    url: 'http://127.0.0.1:8083',
  });
});

test('an error is written with its code and its causes', () => {
  const error = new ArleoError('pin_mismatch', 'Another certificate.', { cause: new Error('below') });
  const [line = ''] = linesOf((log) => log.error('failed', { error }));
  expect(JSON.parse(line).error).toEqual({
    name: 'ArleoError',
    code: 'pin_mismatch',
    message: 'Another certificate.',
    cause: { name: 'Error', message: 'below' },
  });
});

test('what is below the level is not written', () => {
  const lines = linesOf((log) => {
    log.debug('no');
    log.info('no');
    log.warn('yes');
  }, 'warn');
  expect(lines.map((line) => JSON.parse(line).message)).toEqual(['yes']);
});

test('a line feed in a field does not make a second line', () => {
  const lines = linesOf((log) => log.info('a\nb', { url: 'c\r\nd' }));
  expect(lines).toHaveLength(1);
  expect(lines[0]?.trimEnd()).not.toMatch(/[\r\n]/);
});

test('secrets that got into a line are taken out', () => {
  const secret = 'f'.repeat(64);
  const [line = ''] = linesOf((log) =>
    log.warn(`token hmcp_0123456789abcdef_${secret}`, { header: `Bearer ${secret}` }),
  );
  expect(line).not.toContain(secret);
  expect(line).toContain('hmcp_0123456789abcdef_…');
  expect(redactLine('eyJhbGciOiJF.eyJzdWIiOiJ.c2lnbmF0dXJlc2lnbmF0dXJl')).toBe('eyJhbGciOiJF.eyJzdWIiOiJ.…');
});
