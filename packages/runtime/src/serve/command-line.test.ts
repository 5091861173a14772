import { VERSION } from '@arleo/core/version';
import { answerCommandLine } from './command-line.ts';

test('without arguments the service starts', () => {
  expect(answerCommandLine('oauth-proxy', [])).toBeUndefined();
});

test('says its version alone, for scripts', () => {
  expect(answerCommandLine('oauth-proxy', ['--version'])).toEqual({ text: `${VERSION}\n`, status: 0 });
});

test('says what it is and how it ends', () => {
  const said = answerCommandLine('oauth-proxy', ['--help']);
  expect(said).toMatchObject({ status: 0, text: expect.stringContaining('Usage: main.js') });
});

test.each([[['--port=1']], [['--help', 'me']], [['--version', '--help']]])('refuses %j', (args) => {
  expect(answerCommandLine('oauth-proxy', args)).toMatchObject({ status: 2 });
});
