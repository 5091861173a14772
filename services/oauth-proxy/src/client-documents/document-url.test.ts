import { isIP } from 'node:net';
import { ArleoError } from '@arleo/core/errors';
import fc from 'fast-check';
import { documentUrl } from './document-url.ts';

describe('a client id that is an address', () => {
  it.each([
    'https://claude.ai/oauth/mcp-oauth-client-metadata',
    'https://chatgpt.com/oauth/abc/client.json',
    'https://app.example/c?v=1',
    'https://xn--mnchen-3ya.example/c',
    'https://a-b.c-d.example/%20',
  ])('may be %s', (id) => {
    expect(documentUrl(id).href).toBe(id);
  });

  it('names a public host over https in the one way that it can be written, whatever it is put together from', () => {
    const piece = fc.constantFrom(
      'app',
      'example',
      '.',
      '/',
      'c',
      ':443',
      ':80',
      '@',
      '#',
      '?',
      '\\',
      '%2e',
      '127.0.0.1',
      '[::1]',
      '0x7f',
      '1',
      '-',
      '_',
      ' ',
    );
    let taken = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
          fc.webUrl().map((url) => url.slice(8)),
          fc.string(),
        ),
        (rest) => {
          try {
            const id = `https://${rest}`;
            const { protocol, hostname, port, username, hash, pathname, href } = documentUrl(id);
            expect({ protocol, port, username, hash, href }).toEqual({
              protocol: 'https:',
              port: '',
              username: '',
              hash: '',
              href: id,
            });
            expect(isIP(hostname)).toBe(0);
            expect(hostname).toMatch(/^[a-z0-9.-]+\.[a-z0-9-]*[a-z][a-z0-9-]*$/);
            expect(pathname).not.toBe('/');
            taken += 1;
          } catch (error) {
            if (!(error instanceof ArleoError)) throw error;
          }
        },
      ),
      { numRuns: 20_000 },
    );
    expect(taken).toBeGreaterThan(0);
  });

  it.each([
    ['no path', 'https://app.example/'],
    ['no path and no slash', 'https://app.example'],
    ['a port', 'https://app.example:8443/c'],
    ['the port that it has anyway', 'https://app.example:443/c'],
    ['capitals in its host', 'https://App.example/c'],
    ['a user', 'https://user@app.example/c'],
    ['a user that looks like a host', 'https://claude.ai@evil.example/c'],
    ['a fragment', 'https://app.example/c#x'],
    ['an empty fragment', 'https://app.example/c#'],
    ['steps in its path', 'https://app.example/a/../c'],
    ['encoded steps in its path', 'https://app.example/a/%2e%2e/c'],
    ['a backslash', 'https://app.example\\c'],
    ['a space', 'https://app.example/ c'],
    ['a line break', 'https://app.example/\nc'],
    ['letters that must be encoded', 'https://app.example/é'],
    ['an international host as such', 'https://münchen.example/c'],
    ['an address of IPv4', 'https://127.0.0.1/c'],
    ['an address of IPv4 as a number', 'https://2130706433/c'],
    ['an address of IPv6', 'https://[::1]/c'],
    ['a name without a dot', 'https://localhost/c'],
    ['a dot at the end of its host', 'https://app.example./c'],
    ['an underscore in its host', 'https://a_b.example/c'],
    ['too long a path', `https://app.example/${'c'.repeat(500)}`],
    ['no host', 'https:///c'],
    ['http', 'http://app.example/c'],
  ])('may not have %s', (_what, id) => {
    expect(() => documentUrl(id)).toThrow(expect.objectContaining({ code: 'client_document_url' }));
  });
});
