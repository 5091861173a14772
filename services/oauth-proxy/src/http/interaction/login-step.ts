import { ArleoError } from '@arleo/core/errors';
import { addressKey } from '@arleo/core/tokens/attempt-limiter';
import type { Request, Response } from 'express';
import type { Guesser } from '../../owner/guess-limit.ts';
import type { LoginVerdict } from '../../owner/owner.ts';
import { type LoginPage, loginPage } from '../../pages/login-page.ts';
import { OWNER } from '../../provider/create-provider.ts';
import { requestFacts } from '../../provider/request-facts.ts';
import { sendPage } from '../page-response.ts';
import type { Interaction, Step } from './interaction.ts';

/** Seconds after which somebody may try again who was turned away because too many try at once. */
const BUSY_SECONDS = 5;

const statuses: Readonly<Record<NonNullable<LoginPage['problem']>, number>> = {
  wrong: 401,
  waitBeforeTrying: 429,
  ownerUnreadable: 503,
};

/**
 * The owner logs in: passphrase and, if set up, code in one form. So nobody learns that a passphrase is right who has no
 * code, one limit counts every guess, and no half login is kept anywhere.
 */
export function createLoginStep(interaction: Interaction): Step {
  const { provider, owner, browsers, guesses, log, site, language, record } = interaction;

  const show = async (
    request: Request,
    response: Response,
    uid: string,
    problem?: LoginPage['problem'],
  ): Promise<void> => {
    const asksCode = problem !== 'ownerUnreadable' && (await owner.asksCode());
    const page = loginPage({
      language: language(request),
      site,
      action: `/interaction/${uid}/login`,
      csrf: interaction.formToken(request, response, uid),
      asksCode,
      ...(problem && { problem }),
    });
    sendPage(response, problem === undefined ? 200 : statuses[problem], page);
  };

  const turnAway = (request: Request, response: Response, uid: string, retryAfterSeconds: number): Promise<void> => {
    response.setHeader('Retry-After', String(retryAfterSeconds));
    return show(request, response, uid, 'waitBeforeTrying');
  };

  /** Nobody gets in while OWNER_FILE is missing or damaged: whether a code is needed is not known then. */
  const orUnreadable = async (request: Request, response: Response, uid: string, act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof ArleoError && error.code === 'owner_unreadable')) throw error;
      log.error('the owner cannot log in', { error });
      await show(request, response, uid, 'ownerUnreadable');
    }
  };

  const logIn = async (request: Request, response: Response): Promise<void> => {
    const details = await interaction.openForm(request, response, 'login');
    if (!details) return;
    const { uid, params, browser } = details;
    const actor = { client_id: String(params.client_id) };
    const known = browsers.knows(browser, await owner.version());
    const guesser: Guesser = {
      address: addressKey(requestFacts(request).client_ip ?? ''),
      knownBrowser: known ? browser.id : undefined,
    };
    const limit = (await owner.asksCode()) ? guesses.ofCode : guesses.ofPassphrase;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const admission = await limit.admit(guesser, gone.signal);
    if ('refused' in admission) {
      const { first, retryAfterSeconds } = admission.refused;
      if (first) record(request, { event_type: 'login.failed', result: 'denied', reason: 'rate_limited', actor });
      return turnAway(request, response, uid, retryAfterSeconds);
    }
    if (gone.signal.aborted) return await admission.spare();
    let verdict: LoginVerdict | undefined;
    try {
      const { passphrase, code, recovery_code } = request.body;
      const given = { passphrase: textOf(passphrase), code: textOf(code) || textOf(recovery_code) };
      verdict = await owner.check(given, known);
    } finally {
      if (verdict?.outcome !== 'wrong') await admission.spare();
    }
    if (verdict.outcome === 'busy') return turnAway(request, response, uid, BUSY_SECONDS);
    if (verdict.outcome === 'wrong') {
      record(request, { event_type: 'login.failed', result: 'denied', reason: verdict.reason, actor });
      return show(request, response, uid, 'wrong');
    }
    const who = { sub: OWNER, ...actor };
    if (verdict.by === 'recovery_code') {
      record(request, { event_type: 'login.recovery_code_used', result: 'success', actor: who });
    }
    record(request, { event_type: 'login.succeeded', result: 'success', actor: who, details: { by: verdict.by } });
    if (!known) browsers.makeKnown(response, browser, verdict.version);
    const result = { login: { accountId: OWNER, remember: false, acr: verdict.version } };
    response.redirect(303, await provider.interactionResult(request, response, result));
  };

  return {
    prompt: 'login',
    show: (request, response, { uid }) => orUnreadable(request, response, uid, () => show(request, response, uid)),
    submit: (request, response) =>
      orUnreadable(request, response, String(request.params.uid), () => logIn(request, response)),
  };
}

/** A field of a form; empty if it is absent, or there twice. */
function textOf(field: unknown): string {
  return typeof field === 'string' ? field : '';
}
