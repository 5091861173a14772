import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendError } from '@arleo/runtime/http/respond';
import { errorPage } from '../pages/error-page.ts';
import { preferredLanguage } from '../pages/texts.ts';
import { UNAVAILABLE_SECONDS } from '../state/state-unavailable.ts';
import { sendPage } from './page-response.ts';

/** The header that says when to come back. */
export const RETRY_UNAVAILABLE = { 'Retry-After': String(UNAVAILABLE_SECONDS) } as const;

/** Says that the state cannot be reached, 503 with `Retry-After`: to a browser by a page, to a program by an error body. */
export function answerUnavailable(
  site: string,
  request: IncomingMessage,
  response: ServerResponse,
  { requestId }: { requestId: string },
): void {
  const { accept = '', 'accept-language': languages } = request.headers;
  if (!accept.includes('text/html')) {
    sendError(response, 'oauth-proxy', 'state_unavailable', { requestId, headers: RETRY_UNAVAILABLE });
    return;
  }
  response.setHeader('Retry-After', RETRY_UNAVAILABLE['Retry-After']);
  const details = ['state_unavailable', `request ${requestId}`];
  const page = errorPage({ language: preferredLanguage(languages), site, problem: 'unavailable', details });
  sendPage(response, 503, page);
}
