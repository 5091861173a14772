import { clientOrigin } from './client-origin.ts';
import { createClientRedirects } from './client-redirects.ts';
import { createRedirectPolicy } from './redirect-policy.ts';

describe('how a client came to be known', () => {
  it.each([
    ['claude', { kind: 'owner' }],
    ['client_0123', { kind: 'registered' }],
    ['https://', { kind: 'registered' }],
    ['http://app.example/client.json', { kind: 'registered' }],
    ['https://app.example:8443/client.json', { kind: 'document', host: 'app.example:8443' }],
  ])('%s: %j', (clientId, origin) => {
    expect(clientOrigin(clientId, 'claude')).toEqual(origin);
  });
});

describe('the redirect URIs of a client', () => {
  const redirects = createClientRedirects(createRedirectPolicy({ hosts: [], schemes: [] }), 'claude');
  const document = 'https://app.example/oauth/client.json';
  const loopback = 'http://127.0.0.1:1234/cb';
  const elsewhere = 'https://any.example/cb';

  it.each([
    ['of the owner, wherever the owner said', 'claude', elsewhere, true, true],
    ['of the owner, but not in the clear', 'claude', 'http://any.example/cb', false, false],
    ['that registered itself, on loopback', 'client_1', loopback, true, true],
    ['that registered itself, elsewhere', 'client_1', elsewhere, false, false],
    ['with a document, on loopback', document, loopback, true, true],
    ['with a document, at a known callback', document, 'https://vscode.dev/redirect', true, true],
    ['with a document, at its own origin: once the owner has seen it', document, 'https://app.example/cb', true, false],
    ['with a document, at another port of its host', document, 'https://app.example:8443/cb', false, false],
    ['with a document, at a host below its own', document, 'https://x.app.example/cb', false, false],
    ['with a document, at its own host in the clear', document, 'http://app.example/cb', false, false],
    ['with a document, at its origin with a fragment', document, 'https://app.example/cb#x', false, false],
    ['with a document, elsewhere', document, elsewhere, false, false],
  ])('are, for one %s', (_what, clientId, uri, allowed, trusted) => {
    expect(redirects.problem(clientId, uri) === undefined).toBe(allowed);
    expect(redirects.trusted(clientId, uri)).toBe(trusted);
  });
});
