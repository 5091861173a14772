import type { AuditInput } from '@arleo/core/audit/event';
import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import type { Log } from '@arleo/runtime/logging/log';
import type { Request, Response } from 'express';
import { errors, type Provider } from 'oidc-provider';
import type { GuessLimit } from '../../owner/guess-limit.ts';
import type { Owner } from '../../owner/owner.ts';
import { errorPage } from '../../pages/error-page.ts';
import { type Language, preferredLanguage } from '../../pages/texts.ts';
import type { OauthConfig } from '../../provider/oauth-config.ts';
import { requestFacts } from '../../provider/request-facts.ts';
import type { BrowserCookie, BrowserIdentity } from '../browser-cookie.ts';
import { type FormTokens, isForeignForm } from '../forms.ts';
import { sendPage } from '../page-response.ts';

/** What the login and consent pages need. */
export interface InteractionOptions {
  config: OauthConfig;
  provider: Provider;
  owner: Owner;
  forms: FormTokens;
  browsers: BrowserCookie;
  guesses: {
    /** Where the passphrase is all that is asked for. */
    ofPassphrase: GuessLimit;
    /** Where a code is asked for, too. */
    ofCode: GuessLimit;
  };
  audit: AuditLog;
  log: Log;
}

/** An authorization that waits for the owner, as oidc-provider tells it. */
export type Details = Awaited<ReturnType<Provider['interactionDetails']>>;

/** One step of an interaction: shows its page, and takes the form that the page sends. */
export interface Step {
  /** oidc-provider's name for it. */
  prompt: 'login' | 'consent';
  show(request: Request, response: Response, details: Details): Promise<void>;
  submit(request: Request, response: Response): Promise<void>;
}

/** What the steps have in common. */
export interface Interaction extends InteractionOptions {
  /** The issuer's host, for the pages. */
  site: string;
  language(request: Request): Language;
  record(request: Request, event: AuditInput): void;
  /** What a page's form is bound to: one interaction in one browser, which gets its cookie with the response. */
  formToken(request: Request, response: Response, uid: string): string;
  /** The interaction that this browser is in the middle of, if the form is our own; else the answer was sent. */
  openForm(
    request: Request,
    response: Response,
    prompt: Step['prompt'],
  ): Promise<(Details & { browser: BrowserIdentity }) | undefined>;
}

/** Makes what the steps have in common. */
export function createInteraction(options: InteractionOptions): Interaction {
  const { config, provider, forms, browsers, audit } = options;
  const site = new URL(config.issuer).host;
  const language = (request: Request): Language => preferredLanguage(request.headers['accept-language']);
  const record = (request: Request, event: AuditInput): void => audit.record({ ...requestFacts(request), ...event });
  return {
    ...options,
    site,
    language,
    record,
    formToken: (request, response, uid) => forms.token(uid, browsers.identify(request, response).id),
    async openForm(request, response, prompt) {
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
    },
  };
}
