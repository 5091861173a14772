import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { createBrowserCookie } from './browser-cookie.ts';

const key = Buffer.alloc(32, 1);

function exchange(cookie?: string): { request: IncomingMessage; response: ServerResponse; set: () => string } {
  const request = new IncomingMessage(new Socket());
  if (cookie !== undefined) request.headers.cookie = cookie;
  const response = new ServerResponse(request);
  return { request, response, set: () => [response.getHeader('set-cookie') ?? []].flat().join('\n') };
}

const valueIn = (line: string): string => line.slice(0, line.indexOf(';'));

describe('the cookie of a browser', () => {
  const cookies = createBrowserCookie(key, true);

  it('belongs to this host alone, and no script sees it', () => {
    const { request, response, set } = exchange();
    const browser = cookies.identify(request, response);
    expect(cookies.knows(browser, 'v1')).toBe(false);
    expect(set()).toBe(`__Host-arleo_browser=${browser.id}; Path=/; HttpOnly; SameSite=Lax; Secure`);
  });

  it('has a plain name on loopback, where there is no https', () => {
    const { request, response, set } = exchange();
    createBrowserCookie(key, false).identify(request, response);
    expect(set()).toMatch(/^arleo_browser=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  it('is set once, and read again', () => {
    const first = exchange();
    const { id } = cookies.identify(first.request, first.response);
    const next = exchange(`a=b; ${valueIn(first.set())}; c=d`);
    expect(cookies.identify(next.request, next.response)).toEqual({ id });
    expect(next.set()).toBe('');
  });

  it('is known once the owner logged in, under the same id, until the credentials change', () => {
    const { request, response, set } = exchange(`__Host-arleo_browser=${'a'.repeat(22)}`);
    cookies.makeKnown(response, cookies.identify(request, response), 'v1');
    const browser = cookies.read(exchange(valueIn(set())).request) ?? { id: '' };
    expect(browser.id).toBe('a'.repeat(22));
    expect(cookies.knows(browser, 'v1')).toBe(true);
    expect(cookies.knows(browser, 'v2')).toBe(false);
  });

  it.each([
    ['a made-up seal', `${'a'.repeat(22)}.${'b'.repeat(43)}`],
    ['the seal of another browser', undefined],
    ['the seal under another key', undefined],
  ])('is not known with %s', (what, given) => {
    const { response, set } = exchange();
    const maker = what.endsWith('key') ? createBrowserCookie(Buffer.alloc(32, 2), true) : cookies;
    maker.makeKnown(response, { id: (what.endsWith('key') ? 'a' : 'c').repeat(22) }, 'v1');
    const value = given ?? `${'a'.repeat(22)}.${/\.([\w-]{43})/.exec(set())?.[1]}`;
    const browser = cookies.read(exchange(`__Host-arleo_browser=${value}`).request) ?? { id: '' };
    expect(browser.id).toBe('a'.repeat(22));
    expect(cookies.knows(browser, 'v1')).toBe(false);
  });

  it.each(['', 'x', 'a'.repeat(23), `${'a'.repeat(22)}.`, '"><script>'])('is no cookie of ours: %j', (value) => {
    expect(cookies.read(exchange(`__Host-arleo_browser=${value}`).request)).toBeUndefined();
  });
});
