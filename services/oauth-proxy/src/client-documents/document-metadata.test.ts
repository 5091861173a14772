import { createClientRedirects } from '../provider/client-redirects.ts';
import { createRedirectPolicy } from '../provider/redirect-policy.ts';
import { documentMetadata } from './document-metadata.ts';

describe('the metadata of a client with a document', () => {
  const id = 'https://app.example/client.json';
  const redirects = createClientRedirects(createRedirectPolicy({ hosts: [], schemes: [] }), undefined);

  it('is that of a public client, with the redirect URIs that are allowed', () => {
    const redirectUris = [
      'http://localhost/cb',
      'https://elsewhere.example/cb',
      'https://app.example/cb',
      'evil-app://cb',
    ];
    expect(documentMetadata(id, { name: 'App', redirectUris }, redirects)).toEqual({
      client_id: id,
      client_name: 'App',
      redirect_uris: ['http://localhost/cb', 'https://app.example/cb'],
      token_endpoint_auth_method: 'none',
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token'],
      application_type: 'native',
    });
  });

  it('is none when no redirect URI is allowed, and says what would allow one', () => {
    expect(() => documentMetadata(id, { redirectUris: ['https://elsewhere.example/cb'] }, redirects)).toThrow(
      expect.objectContaining({
        code: 'client_document_redirects',
        message: expect.stringContaining('REDIRECT_HOSTS=elsewhere.example/cb'),
      }),
    );
  });
});
