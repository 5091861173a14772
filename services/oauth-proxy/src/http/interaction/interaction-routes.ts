import express, { type Request, type Response, type Router } from 'express';
import { errors } from 'oidc-provider';
import { errorPage } from '../../pages/error-page.ts';
import { sendPage } from '../page-response.ts';
import { createConsentStep } from './consent-step.ts';
import { createInteraction, type InteractionOptions } from './interaction.ts';
import { createLoginStep } from './login-step.ts';

/** `/interaction/:uid`: the owner logs in, then consents. */
export function createInteractionRoutes(options: InteractionOptions): Router {
  const interaction = createInteraction(options);
  const steps = [createLoginStep(interaction), createConsentStep(interaction)];
  const router = express.Router({ caseSensitive: true, strict: true });
  const form = express.urlencoded({ extended: false, limit: '16kb', parameterLimit: 50 });
  router.get('/interaction/:uid', async (request, response) => {
    const details = await options.provider.interactionDetails(request, response);
    await steps.find(({ prompt }) => prompt === details.prompt.name)?.show(request, response, details);
  });
  for (const { prompt, submit } of steps) router.post(`/interaction/:uid/${prompt}`, form, submit);
  router.use((error: Error, request: Request, response: Response, next: express.NextFunction) => {
    if (response.headersSent) return next(error);
    if (error instanceof errors.SessionNotFound) {
      const { site } = interaction;
      return sendPage(response, 400, errorPage({ language: interaction.language(request), site, problem: 'expired' }));
    }
    next(error);
  });
  return router;
}
