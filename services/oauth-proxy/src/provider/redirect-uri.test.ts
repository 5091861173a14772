import { redirectUriProblem } from './redirect-uri.ts';

describe('redirect URIs of a registration', () => {
  it.each([
    'https://claude.ai/api/mcp/auth_callback',
    'https://claude.com/api/mcp/auth_callback',
    'https://chatgpt.com/connector/oauth/abc_DEF-1',
    'https://vscode.dev/redirect?x=1&y=%20',
    'https://xn--mnchen-3ya.example/cb',
    'https://example.org:8443/cb',
    'https://203.0.113.7/cb',
    'http://127.0.0.1:33418/',
    'http://localhost/callback',
    'http://[::1]:8787/callback',
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'vscode://vscode.github-authentication/did-authenticate',
    'com.example.app:/oauth2redirect',
    'x-my.app+1:cb',
  ])('takes %s', (uri) => {
    expect(redirectUriProblem(uri)).toBeUndefined();
  });

  it.each([
    ['a directive for the Content-Security-Policy', 'https://a;sandbox;b.example/cb'],
    ['a quote in the host', "https://a'self'.example/cb"],
    ['a comma in the host', 'https://a,b.example/cb'],
    ['an empty label', 'https://a..example/cb'],
    ['a dot at the end of the host', 'https://example./cb'],
    ['a tab that parsers drop', 'https://exa\tmple.org/cb'],
    ['a space before it', ' https://example.org/cb'],
    ['a space inside', 'https://example.org/a b'],
    ['a line break', 'https://example.org/cb\r\nX: y'],
    ['text that turns direction', 'https://example.org/\u202Ebc'],
    ['an international host as such', 'https://münchen.example/cb'],
    ['markup', 'https://example.org/<script>'],
    ['a backslash', 'https://good.example\\@evil.example/cb'],
    ['no slashes', 'https:example.org/cb'],
    ['one slash', 'https:/example.org/cb'],
    ['a user that looks like the host', 'https://claude.ai@evil.example/cb'],
    ['an empty user', 'https://@evil.example/cb'],
    ['an encoded slash in the host', 'https://claude.ai%2f.evil.example/cb'],
    ['a host that only begins like loopback', 'http://127.0.0.1.evil.example/cb'],
    ['a script', 'javascript:alert(1)'],
    ['a script in capitals', 'JavaScript://x/%0aalert(1)'],
    ['data', 'data:text/html,x'],
    ['a file', 'file:///etc/passwd'],
    ['a blob', 'blob:https://claude.ai/x'],
    ['a page of the browser', 'about:blank'],
    ['another script', 'vbscript:x'],
    ['a mail', 'mailto:me@evil.example'],
    ['a handler of Windows', 'ms-msdt:/id'],
    ['a search of Windows', 'search-ms:query=x'],
    ['an app of Android', 'intent://x/#Intent;end'],
    ['an extension', 'chrome-extension://abc/cb'],
    ['a socket', 'wss://evil.example/cb'],
    ['a drive', 'c:/cb'],
    ['a scheme that any page can claim', 'web+mcp:cb'],
    ['a chat', 'matrix:u/evil:example.org'],
    ['an app scheme with a fragment', 'cursor://x/cb#y'],
    ['an app scheme with a user', 'cursor://claude.ai@x/cb'],
    ['http with one slash', 'http:/127.0.0.1/cb'],
    ['https on loopback', 'https://localhost/cb'],
    ['an empty fragment', 'https://example.org/cb#'],
  ])('refuses %s', (_what, uri) => {
    expect(redirectUriProblem(uri)).toMatch(/^(?:must|has|is) /);
  });
});
