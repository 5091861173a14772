import fc from 'fast-check';
import { createRedirectPolicy, redirectUrisProblem } from './redirect-policy.ts';

describe('where codes may be sent to', () => {
  const policy = createRedirectPolicy({ hosts: [], schemes: [] });

  it.each([
    'https://claude.ai/api/mcp/auth_callback',
    'https://claude.com/api/mcp/auth_callback',
    'https://chatgpt.com/connector/oauth/abc_DEF-1',
    'https://chatgpt.com/connector_platform_oauth_redirect',
    'https://vscode.dev/redirect',
    'http://127.0.0.1:33418/',
    'http://localhost:8787/callback',
    'http://[::1]/cb',
    'cursor://anysphere.cursor-mcp/oauth/callback',
  ])('is %s without any setting', (uri) => {
    expect(policy.problem(uri)).toBeUndefined();
  });

  it.each([
    ['another host', 'https://evil.example/api/mcp/auth_callback'],
    ['a host that ends like a known one', 'https://evilclaude.ai/api/mcp/auth_callback'],
    ['a host below a known one', 'https://x.claude.ai/api/mcp/auth_callback'],
    ['a host that begins like a known one', 'https://claude.ai.evil.example/api/mcp/auth_callback'],
    ['another port', 'https://claude.ai:8443/api/mcp/auth_callback'],
    ['another path', 'https://claude.ai/redirect'],
    ['a path below', 'https://claude.ai/api/mcp/auth_callback/x'],
    ['a path that climbs out', 'https://claude.ai/api/mcp/auth_callback/../../../login'],
    ['a query on a known path', 'https://vscode.dev/redirect?url=https://evil.example'],
    ['two words for one', 'https://chatgpt.com/connector/oauth/a/b'],
    ['no word for one', 'https://chatgpt.com/connector/oauth/'],
    ['an encoded way out of one', 'https://chatgpt.com/connector/oauth/..%2f..%2fx'],
    ['an address', 'https://203.0.113.7/cb'],
    ['the app of another scheme', 'vscode://x/cb'],
    ['another part of a known app', 'cursor://evil.extension/oauth/callback'],
    ['http elsewhere', 'http://claude.ai/api/mcp/auth_callback'],
  ])('is not %s', (_what, uri) => {
    expect(policy.problem(uri)).toBeDefined();
  });

  it.each([
    ['https://app.example.org/oauth/callback', 'REDIRECT_HOSTS=app.example.org/oauth/callback'],
    ['https://app.example.org:8443/', 'REDIRECT_HOSTS=app.example.org:8443/'],
    ['https://app.example.org/cb?a=b', 'REDIRECT_HOSTS=app.example.org'],
    ['https://app.example.org/a,b', 'REDIRECT_HOSTS=app.example.org'],
    ['my-app:/cb', 'REDIRECT_SCHEMES=my-app'],
  ])('names the narrowest setting that allows %s: %s, and that does', (uri, setting) => {
    expect(policy.problem(uri)?.endsWith(`set ${setting}`)).toBe(true);
    const [, value = ''] = setting.split('=');
    const wider = createRedirectPolicy({ hosts: [value], schemes: [value] });
    expect(wider.problem(uri)).toBeUndefined();
  });

  it('is any path of a host that the owner allows as a whole, and one word where they wrote a star', () => {
    const wider = createRedirectPolicy({ hosts: ['app.example.org', 'other.example.org/cb/*'], schemes: [] });
    expect(wider.problem('https://app.example.org/any/path?x=1')).toBeUndefined();
    expect(wider.problem('https://other.example.org/cb/one')).toBeUndefined();
    expect(wider.problem('https://other.example.org/cb/one/two')).toBeDefined();
    expect(wider.problem('https://app.example.org:444/')).toBeDefined();
  });

  it('is nowhere else, whatever a URI is put together from', () => {
    const known = ['claude.ai', 'claude.com', 'chatgpt.com', 'vscode.dev', 'insiders.vscode.dev', 'www.cursor.com'];
    const loopback = ['localhost', '127.0.0.1', '[::1]'];
    const piece = fc.constantFrom(
      ...[
        'https:',
        'http:',
        'cursor:',
        'javascript:',
        '//',
        '/',
        '\\',
        '@',
        ':',
        '?',
        '#',
        '.',
        '..',
        '%2f',
        '%00',
        '\t',
      ],
      ...['claude.ai', 'evil.example', '127.0.0.1', 'localhost', '[::1]', '80', 'anysphere.cursor-mcp/oauth/callback'],
      ...['/api/mcp/auth_callback', '/redirect', '/connector/oauth/x', 'vscode.dev', 'chatgpt.com'],
    );
    let allowed = 0;
    fc.assert(
      fc.property(
        fc.constantFrom('https://', 'http://', 'cursor://', ''),
        fc.array(piece, { maxLength: 5 }),
        (start, rest) => {
          const uri = start + rest.join('');
          if (policy.problem(uri) !== undefined) return;
          allowed += 1;
          const { protocol, host, hostname } = new URL(uri);
          if (protocol === 'https:') expect(known).toContain(host);
          else if (protocol === 'http:') expect(loopback).toContain(hostname);
          else expect(uri).toBe('cursor://anysphere.cursor-mcp/oauth/callback');
        },
      ),
      { numRuns: 20_000 },
    );
    expect(allowed).toBeGreaterThan(0);
  });

  it('is looked at for each URI of a registration', () => {
    const good = 'http://127.0.0.1/cb';
    expect(redirectUrisProblem([good, good], policy)).toBeUndefined();
    for (const uris of [undefined, [], 'x', [7], [good, 'https://evil.example/cb'], Array(11).fill(good)]) {
      expect(redirectUrisProblem(uris, policy)).toMatch(/^redirect_uris/);
    }
  });
});
