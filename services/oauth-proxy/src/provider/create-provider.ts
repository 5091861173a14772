import { randomBytes } from 'node:crypto';
import { deriveKey } from '@arleo/core/derive-key';
import { REGISTERED_PREFIX } from '@arleo/core/oauth-state/connections';
import { ACCESS_TOKEN_SECONDS } from '@arleo/core/signing-keys/key-set';
import { Provider } from 'oidc-provider';
import { RegistrationsFull } from '../state/registration-rules.ts';
import type { SigningKeys } from '../state/signing-keys.ts';
import type { AdapterFactory, State } from '../state/state.ts';
import { UNAVAILABLE_SECONDS } from '../state/state-unavailable.ts';
import { type ClientRedirects, guardRedirects } from './client-redirects.ts';
import { createInteractionPolicy } from './interaction-policy.ts';
import type { OauthConfig } from './oauth-config.ts';
import { preregisteredMetadata } from './preregistered-client.ts';
import { createRegistrationReader } from './read-registration.ts';
import { createTokenRequestReader } from './read-token-request.ts';
import { isSameResource, OFFERED_SCOPES, resourceServer } from './resource.ts';
import { nameResponseModes } from './response-modes.ts';
import { createAccessTokenRevocation } from './revoke-access-token.ts';
import { unknownTarget } from './unknown-target.ts';

const minutes = 60;
const days = 24 * 60 * minutes;

/** The subject of every token: a site has one owner. */
export const OWNER = 'owner';

/** What {@link createProvider} needs. */
export interface ProviderOptions {
  config: OauthConfig;
  /** Where everything is stored. */
  adapter: AdapterFactory;
  state: State;
  keys: SigningKeys;
  redirects: ClientRedirects;
  /** False for a login, by the version of the credentials that it was made with, that does not count any more. */
  loginHolds(version: string | undefined): Promise<boolean>;
  /** Shows a person what is wrong with an authorization request that must not be redirected. */
  renderError: NonNullable<ConstructorParameters<typeof Provider>[1]>['renderError'];
}

/**
 * The authorization server: OAuth 2.1 with PKCE S256 for every client, dynamic registration, refresh tokens that
 * rotate, and JWT access tokens for one resource.
 */
export function createProvider({
  config,
  adapter,
  state,
  keys,
  redirects,
  loginHolds,
  renderError,
}: ProviderOptions): Provider {
  const { issuer, mcpUrl, secure } = config;
  const provider = new Provider(issuer, {
    adapter,
    jwks: keys.jwks as never,
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    routes: {
      authorization: '/authorize',
      token: '/token',
      registration: '/register',
      revocation: '/revoke',
      jwks: '/jwks',
    },
    scopes: [...OFFERED_SCOPES, 'offline_access'],
    claims: {},
    responseTypes: ['code'],
    clientAuthMethods: ['none', 'client_secret_post', 'client_secret_basic'],
    clients: config.preregistered ? [preregisteredMetadata(config.preregistered)] : [],
    discovery: { client_id_metadata_document_supported: config.clientDocuments },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      dPoP: { enabled: false },
      registration: {
        enabled: true,
        issueRegistrationAccessToken: false,
        idFactory: () => `${REGISTERED_PREFIX}${random(12)}`,
      },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => mcpUrl,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) =>
          isSameResource(resource, mcpUrl) ? resourceServer(mcpUrl) : unknownTarget(mcpUrl),
      },
    },
    interactions: {
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
      policy: createInteractionPolicy(loginHolds),
    },
    // A grant comes from this authorization's own consent, or there is none.
    loadExistingGrant: async (ctx) => {
      const id = ctx.oidc.result?.consent?.grantId;
      return id ? ctx.oidc.provider.Grant.find(id) : undefined;
    },
    // Clients that do not ask to stay connected are so all the same; who unticked it does not want it.
    issueRefreshToken: async (ctx, client) =>
      client.grantTypeAllowed('refresh_token') &&
      ctx.oidc.entities.Grant?.getRejectedOIDCScope().split(' ').includes('offline_access') !== true,
    rotateRefreshToken: true,
    expiresWithSession: () => false,
    // Nothing here needs the network: documents of clients are read by the adapter, under its own rules.
    sectorIdentifierUriValidate: () => false,
    fetch: () => Promise.reject(new Error('the authorization server asks nobody')),
    extraTokenClaims: (_ctx, token) => ({ grant_id: 'grantId' in token ? token.grantId : undefined }),
    clientBasedCORS: () => true,
    cookies: {
      keys: [deriveKey(config.tokenSecret, 'cookies').toString('base64url')],
      names: secure
        ? {
            session: '__Host-arleo_session',
            interaction: '__Secure-arleo_interaction',
            resume: '__Secure-arleo_resume',
          }
        : { session: 'arleo_session', interaction: 'arleo_interaction', resume: 'arleo_resume' },
      long: { signed: true, httpOnly: true, sameSite: 'lax', path: '/', secure },
      short: { signed: true, httpOnly: true, sameSite: 'lax', secure },
    },
    ttl: {
      AccessToken: ACCESS_TOKEN_SECONDS,
      AuthorizationCode: 1 * minutes,
      Interaction: 15 * minutes,
      Session: 60 * minutes,
      // Each refresh lengthens it, see the adapter.
      Grant: 60 * days,
      RefreshToken: 60 * days,
    },
    renderError,
  });
  provider.proxy = true;
  guardRedirects(provider, redirects);
  provider.on('registration_create.error', (ctx, error) => {
    if (error instanceof RegistrationsFull) ctx.set('Retry-After', String(error.retryAfterSeconds));
  });
  // Where the state cannot be reached.
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.status === 503) ctx.set('Retry-After', String(UNAVAILABLE_SECONDS));
  });
  provider.use(createAccessTokenRevocation(issuer, keys, state));
  provider.use(
    createRegistrationReader(config.redirects, (ctx, error) => provider.emit('registration_create.error', ctx, error)),
  );
  provider.use(createTokenRequestReader(mcpUrl));
  provider.use(nameResponseModes);
  return provider;
}

function random(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
