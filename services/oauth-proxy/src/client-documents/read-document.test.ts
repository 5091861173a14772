import { ArleoError } from '@arleo/core/errors';
import fc from 'fast-check';
import { redirectUriProblem } from '../provider/redirect-uri.ts';
import { readDocument } from './read-document.ts';

describe('reading a document', () => {
  const id = 'https://app.example/client.json';
  const redirect_uris = ['http://127.0.0.1/callback'];
  const read = (members: Record<string, unknown>) =>
    readDocument(id, JSON.stringify({ client_id: id, redirect_uris, ...members }));

  it.each([
    ['nothing else', {}, undefined],
    ['what Claude Code says', { client_name: 'Claude Code', token_endpoint_auth_method: 'none' }, 'Claude Code'],
    [
      'what ChatGPT says',
      {
        client_name: 'ChatGPT',
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
        token_endpoint_auth_signing_alg: 'RS256',
        jwks_uri: 'https://app.example/jwks.json',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
      'ChatGPT',
    ],
    ['grants that are not known here', { grant_types: ['authorization_code', 'urn:x'] }, undefined],
    ['a name that is no text', { client_name: ['x'] }, undefined],
  ])('takes one with %s', (_what, members, name) => {
    expect(read(members)).toEqual({ ...(name && { name }), redirectUris: redirect_uris });
  });

  it('leaves out redirect URIs that are none', () => {
    expect(read({ redirect_uris: ['javascript:alert(1)', 7, ...redirect_uris, 'nonsense'] }).redirectUris).toEqual(
      redirect_uris,
    );
  });

  it('takes whatever it is given for a document with proper redirect URIs, or for none', () => {
    const member = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom<unknown>('none', 'private_key_jwt', ['code'], redirect_uris),
    );
    const names = ['client_name', 'redirect_uris', 'token_endpoint_auth_method', 'grant_types', 'response_types'];
    const documents = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), member, { maxKeys: 6 });
    let taken = 0;
    fc.assert(
      fc.property(documents, (members) => {
        try {
          const { redirectUris, name } = read(members);
          expect(redirectUris.length).toBeGreaterThan(0);
          for (const uri of redirectUris) expect(redirectUriProblem(uri)).toBeUndefined();
          expect(['string', 'undefined']).toContain(typeof name);
          taken += 1;
        } catch (error) {
          if (!(error instanceof ArleoError)) throw error;
        }
      }),
      { numRuns: 5_000 },
    );
    expect(taken).toBeGreaterThan(0);
  });

  it('cuts a name off', () => {
    expect(read({ client_name: 'x'.repeat(5_000) }).name).toHaveLength(200);
  });

  it.each([
    ['another client_id', { client_id: 'https://app.example/other.json' }],
    ['its client_id with a slash more', { client_id: `${id}/` }],
    ['its client_id in capitals', { client_id: id.toUpperCase() }],
    ['no client_id', { client_id: undefined }],
    ['a list as client_id', { client_id: [id] }],
    ['a secret', { client_secret: 'x' }],
    ['an expiry of a secret', { client_secret_expires_at: 0 }],
    ['a secret as its method', { token_endpoint_auth_method: 'client_secret_post' }],
    [
      'a secret as its method beside none',
      {
        token_endpoint_auth_method: 'client_secret_basic',
        token_endpoint_auth_methods_supported: ['none'],
      },
    ],
    ['a key as its only method', { token_endpoint_auth_method: 'private_key_jwt' }],
    [
      'a key as its method and no none',
      {
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_methods_supported: ['private_key_jwt'],
      },
    ],
    ['no code among its grants', { grant_types: ['client_credentials'] }],
    ['grants that are no list', { grant_types: 'authorization_code' }],
    ['no code among its responses', { response_types: ['token'] }],
    ['no redirect URIs', { redirect_uris: undefined }],
    ['an empty list of redirect URIs', { redirect_uris: [] }],
    ['one redirect URI without a list', { redirect_uris: 'http://127.0.0.1/callback' }],
    ['no redirect URI that is one', { redirect_uris: [7, 'javascript:alert(1)', 'http://elsewhere.example/cb'] }],
  ])('refuses one with %s', (_what, members) => {
    expect(() => read(members)).toThrow(expect.objectContaining({ code: 'client_document_invalid' }));
  });

  it.each([
    '',
    '<!doctype html><title>x</title>',
    '[]',
    'null',
    '"x"',
    '7',
    `[{"client_id":"${id}"}]`,
    '{"client_id":',
  ])('refuses what is no JSON object: %s', (text) => {
    expect(() => readDocument(id, text)).toThrow(expect.objectContaining({ code: 'client_document_invalid' }));
  });
});
