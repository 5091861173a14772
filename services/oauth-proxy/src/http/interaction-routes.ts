import type { AuditInput } from '@arleo/core/audit/event';
import { ArleoError } from '@arleo/core/errors';
import { addressKey } from '@arleo/core/tokens/attempt-limiter';
import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import type { Log } from '@arleo/runtime/logging/log';
import express, { type Request, type Response, type Router } from 'express';
import { errors, type Provider } from 'oidc-provider';
import type { Guesser, GuessLimit } from '../owner/guess-limit.ts';
import type { Owner, PassphraseVerdict } from '../owner/owner.ts';
import { consentPage } from '../pages/consent-page.ts';
import { errorPage } from '../pages/error-page.ts';
import { type LoginPage, loginPage } from '../pages/login-page.ts';
import { type Language, preferredLanguage } from '../pages/texts.ts';
import { OWNER } from '../provider/create-provider.ts';
import { grantFor, requestedScopes } from '../provider/grant.ts';
import type { OauthConfig } from '../provider/oauth-config.ts';
import { requestFacts } from '../provider/request-facts.ts';
import type { BrowserCookie, BrowserIdentity } from './browser-cookie.ts';
import { type FormTokens, isForeignForm } from './forms.ts';
import { formTarget, sendPage } from './page-response.ts';

/** What the login and consent pages need. */
export interface InteractionOptions {
  config: OauthConfig;
  provider: Provider;
  owner: Owner;
  forms: FormTokens;
  browsers: BrowserCookie;
  guesses: GuessLimit;
  audit: AuditLog;
  log: Log;
}

type Details = Awaited<ReturnType<Provider['interactionDetails']>>;

/** Seconds after which somebody may try again who was turned away because too many try at once. */
const BUSY_SECONDS = 5;

/** `/interaction/:uid`: the owner logs in, then consents. */
export function createInteractionRoutes(options: InteractionOptions): Router {
  const { config, provider, owner, forms, browsers, guesses, audit, log } = options;
  const site = new URL(config.issuer).host;
  const language = (request: Request): Language => preferredLanguage(request.headers['accept-language']);
  const record = (request: Request, event: AuditInput): void => audit.record({ ...requestFacts(request), ...event });

  const showLogin = (request: Request, response: Response, uid: string, problem?: LoginPage['problem']): void => {
    const page = loginPage({
      language: language(request),
      site,
      action: `/interaction/${uid}/login`,
      csrf: forms.token(uid, browsers.identify(request, response).id),
      ...(problem && { problem }),
    });
    const status = problem === 'waitBeforeTrying' ? 429 : problem === 'ownerUnreadable' ? 503 : problem ? 401 : 200;
    sendPage(response, status, page);
  };

  const turnAway = (request: Request, response: Response, uid: string, retryAfterSeconds: number): void => {
    response.setHeader('Retry-After', String(retryAfterSeconds));
    showLogin(request, response, uid, 'waitBeforeTrying');
  };

  const showConsent = async (request: Request, response: Response, { uid, params }: Details): Promise<void> => {
    const clientId = String(params.client_id);
    const redirectUri = String(params.redirect_uri);
    const client = await provider.Client.find(clientId);
    const page = consentPage({
      language: language(request),
      site,
      action: `/interaction/${uid}/consent`,
      csrf: forms.token(uid, browsers.identify(request, response).id),
      clientName: client?.clientName,
      clientId,
      redirectUri,
      scopes: requestedScopes(params.scope),
    });
    sendPage(response, 200, page, [formTarget(redirectUri)]);
  };

  /** The interaction that this browser is in the middle of, if the form is our own; else the answer is sent. */
  const openForm = async (
    request: Request,
    response: Response,
    prompt: string,
  ): Promise<(Details & { browser: BrowserIdentity }) | undefined> => {
    const details = await provider.interactionDetails(request, response);
    const browser = browsers.read(request);
    const own = browser !== undefined && forms.matches(details.uid, browser.id, request.body?.csrf);
    if (!own || isForeignForm(request, config.issuer) || details.uid !== request.params.uid) {
      record(request, { event_type: 'form.refused', result: 'denied', reason: 'cross_site' });
      sendPage(response, 403, errorPage({ language: language(request), site, problem: 'foreign' }));
      return undefined;
    }
    if (details.prompt.name !== prompt) throw new errors.SessionNotFound('another step is due');
    return Object.assign(details, { browser });
  };

  const logIn = async (request: Request, response: Response): Promise<void> => {
    const details = await openForm(request, response, 'login');
    if (!details) return;
    const { uid, params, browser } = details;
    const actor = { client_id: String(params.client_id) };
    const { passphrase } = request.body;
    const guesser: Guesser = {
      address: addressKey(requestFacts(request).client_ip ?? ''),
      knownBrowser: browser.known ? browser.id : undefined,
    };
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const admission = await guesses.admit(guesser, gone.signal);
    if ('refused' in admission) {
      const { first, retryAfterSeconds } = admission.refused;
      if (first) record(request, { event_type: 'login.failed', result: 'denied', reason: 'rate_limited', actor });
      return turnAway(request, response, uid, retryAfterSeconds);
    }
    if (gone.signal.aborted) return admission.spare();
    let verdict: PassphraseVerdict | undefined;
    try {
      verdict = await owner.check(typeof passphrase === 'string' ? passphrase : '', browser.known);
    } finally {
      if (verdict !== 'wrong') admission.spare();
    }
    if (verdict === 'busy') return turnAway(request, response, uid, BUSY_SECONDS);
    if (verdict === 'wrong') {
      record(request, { event_type: 'login.failed', result: 'denied', reason: 'wrong_passphrase', actor });
      return showLogin(request, response, uid, 'wrongPassphrase');
    }
    record(request, { event_type: 'login.succeeded', result: 'success', actor: { sub: OWNER, ...actor } });
    if (!browser.known) browsers.makeKnown(response, browser);
    const result = { login: { accountId: OWNER, remember: false } };
    response.redirect(303, await provider.interactionResult(request, response, result));
  };

  const decide = async (request: Request, response: Response): Promise<void> => {
    const details = await openForm(request, response, 'consent');
    if (!details) return;
    const { params, session } = details;
    const { decision, scope } = request.body;
    const ticked = new Set([scope].flat().filter((one) => typeof one === 'string'));
    const approved = requestedScopes(params.scope).filter((one) => ticked.has(one));
    const allowed = decision === 'approve' && approved.some((one) => one !== 'offline_access') && session?.accountId;
    record(request, {
      event_type: allowed ? 'consent.approved' : 'consent.denied',
      result: 'success',
      actor: { sub: OWNER, client_id: String(params.client_id) },
      details: { scope: allowed ? approved.join(' ') : '', redirect_uri: String(params.redirect_uri) },
    });
    const result = allowed
      ? { consent: { grantId: await grantFor(provider, config.mcpUrl, details, approved) } }
      : { error: 'access_denied', error_description: 'the owner did not approve' };
    const next = await provider.interactionResult(request, response, result, { mergeWithLastSubmission: !!allowed });
    response.redirect(303, next);
  };

  const router = express.Router();
  const form = express.urlencoded({ extended: false, limit: '16kb', parameterLimit: 50 });
  router.get('/interaction/:uid', async (request, response) => {
    const details = await provider.interactionDetails(request, response);
    if (details.prompt.name === 'login') showLogin(request, response, details.uid);
    else await showConsent(request, response, details);
  });
  router.post('/interaction/:uid/login', form, (request, response) =>
    logIn(request, response).catch((error: unknown) => {
      if (!(error instanceof ArleoError && error.code === 'owner_unreadable')) throw error;
      log.error('the owner cannot log in', { error });
      showLogin(request, response, request.params.uid, 'ownerUnreadable');
    }),
  );
  router.post('/interaction/:uid/consent', form, decide);
  router.use((error: Error, request: Request, response: Response, next: express.NextFunction) => {
    if (response.headersSent) return next(error);
    if (error instanceof errors.SessionNotFound) {
      return sendPage(response, 400, errorPage({ language: language(request), site, problem: 'expired' }));
    }
    next(error);
  });
  return router;
}
