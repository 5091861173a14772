import type { IncomingMessage } from 'node:http';
import { deriveKey } from '@arleo/core/derive-key';
import type { EdgeHandler } from '@arleo/runtime/http/edge';
import type { RequestContext } from '@arleo/runtime/http/request-context';
import { sendError } from '@arleo/runtime/http/respond';
import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import type { Log } from '@arleo/runtime/logging/log';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import helmet from 'helmet';
import { withClientDocuments } from '../client-documents/document-adapters.ts';
import type { DocumentNetwork } from '../client-documents/fetch-document.ts';
import { openClientDocuments } from '../client-documents/open-client-documents.ts';
import { protectedResourceMetadata } from '../discovery/protected-resource.ts';
import type { LimitCounts } from '../limits/limit-counts.ts';
import type { CheckAccessToken } from '../mcp/access-token.ts';
import {
  createGuessLimit,
  UNKNOWN_BROWSERS,
  UNKNOWN_BROWSERS_WITH_CODE,
  WRONG_PER_MINUTE,
} from '../owner/guess-limit.ts';
import type { LotteryRules } from '../owner/lottery.ts';
import type { Owner } from '../owner/owner.ts';
import { recordProviderEvents } from '../provider/audit-events.ts';
import { createClientRedirects } from '../provider/client-redirects.ts';
import { createProvider } from '../provider/create-provider.ts';
import { createFailureLimit } from '../provider/failure-limit.ts';
import type { OauthConfig } from '../provider/oauth-config.ts';
import { openProvider } from '../provider/open-provider.ts';
import { rememberContext } from '../provider/request-facts.ts';
import type { SigningKeys } from '../state/signing-keys.ts';
import type { State } from '../state/state.ts';
import { StateUnavailable } from '../state/state-unavailable.ts';
import { answerUnavailable } from './answer-unavailable.ts';
import { prepareAuthorization } from './authorization-request.ts';
import { boundForm } from './bound-form.ts';
import { openToBrowserClients } from './browser-clients.ts';
import { createBrowserCookie } from './browser-cookie.ts';
import { createFormTokens } from './forms.ts';
import { createInteractionRoutes } from './interaction/interaction-routes.ts';
import { createIntrospection, INTROSPECTION_PATH } from './introspection.ts';
import { limitPerAddress } from './limits.ts';
import { createRenderError } from './render-error.ts';

/** What the OAuth half of this service is made of. */
export interface OauthAppOptions {
  config: OauthConfig;
  state: State;
  /** Where it is counted what limits look at. */
  counts: LimitCounts;
  keys: SigningKeys;
  /** Checks access tokens as `/mcp` does. */
  check: CheckAccessToken;
  /** Who may ask `/introspect`. */
  introspectionToken: string;
  owner: Owner;
  /** Where the documents of clients come from. */
  network: DocumentNetwork;
  audit: AuditLog;
  log: Log;
}

const hop = 'oauth-proxy';

/** As large as a form may be, in bytes. */
const FORM_BYTES = 16 * 1024;

/** Everything but `/mcp`: discovery, registration, authorization with its pages, tokens, revocation. */
export function createOauthApp(options: OauthAppOptions): EdgeHandler {
  const { config, state, counts, keys, check, introspectionToken, owner, network, audit, log } = options;
  const { issuer, mcpUrl, limits } = config;
  const contexts = new WeakMap<IncomingMessage, RequestContext>();
  const contextOf = (request: IncomingMessage): RequestContext => {
    const context = contexts.get(request);
    if (!context) throw new Error('a request came past the edge');
    return context;
  };
  const limitPrograms = (name: string) =>
    limitPerAddress(limits.programsPerMinute, contextOf, { store: counts.requests(name) });
  const limitFailure = createFailureLimit(counts.minute('refused-tokens', limits.perMinute));
  const guessLimit = (name: string, rules: LotteryRules) =>
    createGuessLimit(undefined, rules, Math.random, counts.guesses(name, WRONG_PER_MINUTE));
  const redirects = createClientRedirects(config.redirects, config.preregistered?.id);
  const adapter = config.clientDocuments
    ? withClientDocuments(state.adapter, openClientDocuments(state.adapter, network, log), redirects)
    : state.adapter;
  const renderError = createRenderError(config, redirects);
  const { provider, handle } = openProvider(keys, () => {
    const created = createProvider({
      config,
      adapter,
      state,
      keys,
      redirects,
      loginHolds: owner.loginHolds,
      renderError,
    });
    recordProviderEvents(created, audit, log, limitFailure);
    return created;
  });
  const authorize: RequestHandler = (request, response) => {
    ownAuthority(request, issuer);
    return handle(request, response);
  };
  /** oidc-provider's router takes other spellings of a path, too, which what stands before it would not know. */
  const authorizeAs =
    (path: string): RequestHandler =>
    (request, response, next) => {
      // Both: oidc-provider takes the difference for the place where it is mounted.
      request.url = request.originalUrl = path;
      return authorize(request, response, next);
    };

  const app = express().disable('x-powered-by').disable('etag');
  // A path has the one spelling that the edge compares.
  app.enable('case sensitive routing').enable('strict routing');
  app.use(
    helmet({
      // The pages bring their own policy, the rest is JSON.
      contentSecurityPolicy: false,
      strictTransportSecurity: config.secure,
      crossOriginResourcePolicy: false,
      // Many clients open these pages in a popup that has to report to its opener at the end; any policy but the default
      // would cut the two apart.
      crossOriginOpenerPolicy: false,
      xFrameOptions: { action: 'deny' },
    }),
  );

  const metadata = JSON.stringify(protectedResourceMetadata(issuer, mcpUrl));
  const documents = ['/.well-known/*document', '/mcp/.well-known/*document', '/jwks'];
  app.use(documents, openToBrowserClients('GET'), limitPrograms('documents'));
  app.get(documentPaths('oauth-protected-resource'), (_request, response) => {
    response.set('Content-Type', 'application/json').send(metadata);
  });
  for (const name of ['oauth-authorization-server', 'openid-configuration']) {
    app.get(documentPaths(name), authorizeAs(`/.well-known/${name}`));
  }
  app.get('/jwks', authorizeAs('/jwks'));

  const calls = ['/register', '/token', '/revoke'];
  app.use(calls, openToBrowserClients('POST'));
  app.use(['/token', '/revoke'], limitPrograms('tokens'));
  app.use(
    '/register',
    limitPerAddress(limits.registrationsPerHour, contextOf, {
      store: counts.requests('registrations'),
      windowSeconds: 60 * 60,
    }),
  );
  for (const path of calls) app.post(path, authorizeAs(path));
  app.all(calls, onlyBy('POST', contextOf));

  app.use([INTROSPECTION_PATH, '/interaction'], boundForm(FORM_BYTES, contextOf));
  app.post(INTROSPECTION_PATH, createIntrospection({ issuer, mcpUrl, check, provider, introspectionToken, contextOf }));
  app.all(INTROSPECTION_PATH, onlyBy('POST', contextOf));

  app.get(
    '/authorize',
    limitPerAddress(limits.perMinute, contextOf, { store: counts.requests('authorizations') }),
    prepareAuthorization(mcpUrl, new URL(issuer).host),
    authorize,
  );
  app.all('/authorize', onlyBy('GET', contextOf));
  // What follows belongs to an authorization that was counted above: who is on the right way is not counted again.
  app.use(
    ['/authorize/:uid', '/interaction'],
    limitPerAddress(limits.perMinute, contextOf, { store: counts.requests('pages'), failuresOnly: true }),
  );
  app.get('/authorize/:uid', authorize);
  app.use(
    createInteractionRoutes({
      config,
      provider,
      owner,
      forms: createFormTokens(deriveKey(config.tokenSecret, 'forms')),
      browsers: createBrowserCookie(deriveKey(config.tokenSecret, 'browsers'), config.secure),
      guesses: {
        ofPassphrase: guessLimit('passphrase', UNKNOWN_BROWSERS),
        ofCode: guessLimit('code', UNKNOWN_BROWSERS_WITH_CODE),
      },
      audit,
      log,
    }),
  );

  app.use((request, response) => {
    sendError(response, hop, 'not_found', {
      requestId: contextOf(request).requestId,
      // Somebody may have typed the address without its path.
      message: `There is nothing at this address. The MCP endpoint is ${mcpUrl}`,
    });
  });
  app.use(((error, request, response, _next) => {
    const { requestId } = contextOf(request);
    if (error instanceof StateUnavailable) {
      return answerUnavailable(new URL(issuer).host, request, response, { requestId });
    }
    const status: unknown = error?.status;
    if (status === 413) return sendError(response, hop, 'body_too_large', { requestId });
    if (typeof status === 'number' && status < 500) return sendError(response, hop, 'bad_request', { requestId });
    log.error('a request failed', { error, request_id: requestId });
    sendError(response, hop, 'internal', { requestId });
  }) satisfies ErrorRequestHandler);

  return (request, response, context) => {
    contexts.set(request, context);
    rememberContext(request, context);
    app(request, response);
  };
}

/**
 * Where clients look for a metadata document: at the root, and with the path of the resource behind the well-known part (RFC
 * 8414 section 3.1) or before it, as OpenID Connect Discovery has it.
 */
function documentPaths(name: string): string[] {
  return [`/.well-known/${name}`, `/.well-known/${name}/mcp`, `/mcp/.well-known/${name}`];
}

/** Answers what is sent with another method than `method`. */
function onlyBy(method: string, contextOf: (request: IncomingMessage) => RequestContext): RequestHandler {
  return (request, response) => {
    sendError(response, hop, 'method_not_allowed', {
      requestId: contextOf(request).requestId,
      headers: { Allow: method },
    });
  };
}

/**
 * oidc-provider builds its URLs from the request. The edge has checked that Host is ours; behind a proxy the scheme is
 * not what came in, so both are set to the issuer's own.
 */
function ownAuthority(request: IncomingMessage, issuer: string): void {
  const { host, protocol } = new URL(issuer);
  request.headers.host = host;
  request.headers['x-forwarded-proto'] = protocol.slice(0, -1);
  delete request.headers['x-forwarded-host'];
}
