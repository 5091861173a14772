import { createHash, randomBytes } from 'node:crypto';
import { PASSPHRASE, type Service } from './open-service.ts';

/** Where the client of these tests is called back. */
export const CALLBACK = 'http://127.0.0.1:5555/callback';

/** A browser of a few lines: keeps cookies, follows redirects within the service, reads forms. */
export class Browser {
  readonly #cookies = new Map<string, { value: string; path: string }>();
  readonly #origin: string;

  constructor(service: Service) {
    this.#origin = service.issuer;
  }

  /** The `Cookie` header for a request to `url`. */
  cookieFor(url: string): string {
    const { pathname } = new URL(url);
    return [...this.#cookies]
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
  }

  /** One request, without following its redirect. */
  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const cookie = this.cookieFor(url);
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(/;\s*/);
      const path = attributes.find((one) => one.toLowerCase().startsWith('path='))?.slice(5) ?? '/';
      this.#cookies.set(pair.slice(0, pair.indexOf('=')), { value: pair.slice(pair.indexOf('=') + 1), path });
    }
    return response;
  }

  /** Goes on until there is a page, or a redirect that leads away from the service. */
  async open(
    url: string,
    init?: RequestInit,
  ): Promise<{ url: string; status: number; html: string; headers: Headers }> {
    let next = url;
    let response = await this.fetch(url, init);
    for (let hops = 0; hops < 10; hops += 1) {
      const location = response.headers.get('location');
      if (location === null) break;
      next = new URL(location, next).href;
      if (!next.startsWith(`${this.#origin}/`)) break;
      response = await this.fetch(next);
    }
    return { url: next, status: response.status, html: await response.text(), headers: response.headers };
  }

  /** Sends the page's form with these values and its hidden fields. */
  submit(page: { url: string; html: string }, values: [string, string][], headers: Record<string, string> = {}) {
    const { action, hidden } = formOf(page);
    return this.open(action, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams([...hidden, ...values]).toString(),
    });
  }
}

/** The one form of a page. */
export function formOf(page: { url: string; html: string }): { action: string; hidden: [string, string][] } {
  const action = new URL(/<form[^>]*action="([^"]+)"/.exec(page.html)?.[1] ?? '', page.url).href;
  const hidden = [...page.html.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(
    ([, name = '', value = '']): [string, string] => [name, value],
  );
  return { action, hidden };
}

/** A registration (RFC 7591). */
export async function register(service: Service, metadata: Record<string, unknown> = {}) {
  const response = await fetch(`${service.issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Test client',
      redirect_uris: [CALLBACK],
      token_endpoint_auth_method: 'none',
      ...metadata,
    }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

/** A PKCE pair. */
export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** The address of an authorization request; a parameter that is undefined is left out. */
export function authorizeUrl(service: Service, parameters: Record<string, string | undefined>): string {
  const url = new URL(`${service.issuer}/authorize`);
  const all = {
    response_type: 'code',
    redirect_uri: CALLBACK,
    code_challenge_method: 'S256',
    state: 'the-state',
    scope: 'content:read content:write site:admin',
    resource: service.mcpUrl,
    ...parameters,
  };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

/** Logs in and answers the consent page. Gives the URL that the browser was sent to. */
export async function approve(
  service: Service,
  url: string,
  { scopes, decision = 'approve' }: { scopes?: string[]; decision?: string } = {},
): Promise<URL> {
  const browser = new Browser(service);
  const consent = await browser.submit(await browser.open(url), [['passphrase', PASSPHRASE]]);
  const offered = [...consent.html.matchAll(/name="scope" value="([^"]+)"/g)].map(([, scope = '']) => scope);
  const ticked = (scopes ?? offered).map((scope): [string, string] => ['scope', scope]);
  return new URL((await browser.submit(consent, [...ticked, ['decision', decision]])).url);
}

/** A token request. */
export async function requestToken(
  service: Service,
  parameters: Record<string, string>,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${service.issuer}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(parameters),
  });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, string>,
    headers: response.headers,
  };
}

/** The whole way: registration, approval, tokens. */
export async function connect(service: Service, options: { scope?: string; scopes?: string[] } = {}) {
  const { body: client } = await register(service);
  const clientId = client.client_id ?? '';
  const { verifier, challenge } = pkce();
  const url = authorizeUrl(service, {
    client_id: clientId,
    code_challenge: challenge,
    ...(options.scope && { scope: options.scope }),
  });
  const callback = await approve(service, url, options.scopes ? { scopes: options.scopes } : {});
  const code = callback.searchParams.get('code') ?? '';
  const parameters = {
    grant_type: 'authorization_code',
    client_id: clientId,
    code,
    code_verifier: verifier,
    redirect_uri: CALLBACK,
  };
  const { body: tokens, status } = await requestToken(service, parameters);
  return { clientId, code, verifier, callback, tokens, status };
}

/** One call of `/mcp`. */
export function callMcp(service: Service, token: string | undefined, init: RequestInit = {}): Promise<Response> {
  return fetch(service.mcpUrl, {
    method: 'POST',
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
    ...init,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...init.headers,
    },
  });
}
