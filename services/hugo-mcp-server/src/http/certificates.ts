import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TokenStore } from '@arleo/core/tokens/token-store';
import { discardBody } from '@arleo/runtime/http/discard-body';
import type { EdgeHandler } from '@arleo/runtime/http/edge';
import type { RequestContext } from '@arleo/runtime/http/request-context';
import { sendError, sendJson } from '@arleo/runtime/http/respond';
import type { Log } from '@arleo/runtime/logging/log';
import type { ServedCertificates } from '../tls/served-certificates.ts';
import type { Authenticate } from './authenticate.ts';
import { checkToken } from './check-token.ts';
import type { RefuseCaller } from './refuse-caller.ts';

/** What the endpoint is made of. */
export interface CertificatesOptions {
  certificates: Pick<ServedCertificates, 'offered' | 'called'>;
  tokens: TokenStore;
  refuseCaller: RefuseCaller;
  log: Log;
}

export const CERTIFICATES_PATH = '/internal/certificates';

const hop = 'hugo-mcp-server';
const maxBodyBytes = 4096;
/** SHA-256 in hex of what the caller has pinned, with commas between. */
const pinsHeader = /^[0-9a-f]{64}(?:,[0-9a-f]{64}){0,3}$/;

/**
 * `GET /internal/certificates`: the certificate in force and the next one, PEM. Both are public: the connection says
 * whose word it is. With a hop token the caller is believed what it has pinned (`Arleo-Pins`), and counts as one that
 * uses the certificate of its connection.
 */
export function createCertificatesEndpoint({
  certificates,
  tokens,
  refuseCaller,
  log,
}: CertificatesOptions): EdgeHandler {
  const answer = async (request: IncomingMessage, response: ServerResponse, context: RequestContext): Promise<void> => {
    const { requestId, clientAddress } = context;
    if (request.method !== 'GET') {
      return sendError(response, hop, 'method_not_allowed', { requestId, headers: { Allow: 'GET' } });
    }
    const { 'arleo-pins': pins, authorization } = request.headers;
    if (pins !== undefined && !(typeof pins === 'string' && pinsHeader.test(pins))) {
      return sendError(response, hop, 'bad_request', { requestId, message: 'Arleo-Pins is no list of SHA-256.' });
    }
    if (authorization !== undefined) {
      const token = await checkToken(tokens, request, context);
      if ('reason' in token) return refuseCaller(token, request, response, context);
      certificates.called(request, clientAddress, pins?.split(','));
    }
    sendJson(response, 200, requestId, certificates.offered());
  };

  return (request, response, context) => {
    answer(request, response, context)
      .catch((error: unknown) => {
        log.error('the certificates could not be told', { error, request_id: context.requestId });
        sendError(response, hop, 'internal', { requestId: context.requestId });
      })
      .finally(() => discardBody(request, maxBodyBytes));
  };
}

/** The same check, which also notes by which certificate the caller has come. */
export function noteCertificate(
  authenticate: Authenticate,
  certificates: Pick<ServedCertificates, 'called'>,
): Authenticate {
  return async (request, context) => {
    const caller = await authenticate(request, context);
    if (!('reason' in caller)) certificates.called(request, context.clientAddress);
    return caller;
  };
}
