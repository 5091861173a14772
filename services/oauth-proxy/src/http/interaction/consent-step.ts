import type { Request, Response } from 'express';
import { consentPage } from '../../pages/consent-page.ts';
import { clientOrigin } from '../../provider/client-origin.ts';
import { OWNER } from '../../provider/create-provider.ts';
import { grantFor, requestedScopes } from '../../provider/grant.ts';
import { formTarget, sendPage } from '../page-response.ts';
import type { Details, Interaction, Step } from './interaction.ts';

/** The owner is asked for every single authorization, and decides scope by scope. */
export function createConsentStep(interaction: Interaction): Step {
  const { config, provider, site, language, record } = interaction;

  const show = async (request: Request, response: Response, { uid, params }: Details): Promise<void> => {
    const clientId = String(params.client_id);
    const redirectUri = String(params.redirect_uri);
    const client = await provider.Client.find(clientId);
    const page = consentPage({
      language: language(request),
      site,
      action: `/interaction/${uid}/consent`,
      csrf: interaction.formToken(request, response, uid),
      origin: clientOrigin(clientId, config.preregistered?.id),
      clientName: client?.clientName,
      clientId,
      redirectUri,
      scopes: requestedScopes(params.scope),
    });
    sendPage(response, 200, page, [formTarget(redirectUri)]);
  };

  const decide = async (request: Request, response: Response): Promise<void> => {
    const details = await interaction.openForm(request, response, 'consent');
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

  return { prompt: 'consent', show, submit: decide };
}
