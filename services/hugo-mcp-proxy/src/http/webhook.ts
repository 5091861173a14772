import type { IncomingMessage, ServerResponse } from 'node:http';
import { ArleoError, isArleoError } from '@arleo/core/errors';
import { isReason } from '@arleo/core/reasons';
import type { ClientAddress } from '@arleo/runtime/http/client-address';
import { discardBody } from '@arleo/runtime/http/discard-body';
import type { EdgeHandler } from '@arleo/runtime/http/edge';
import { readBody } from '@arleo/runtime/http/read-body';
import type { RequestContext } from '@arleo/runtime/http/request-context';
import { sendError, sendJson } from '@arleo/runtime/http/respond';
import type { LimitReached } from '@arleo/runtime/limits/minute-limit';
import type { Log } from '@arleo/runtime/logging/log';
import { type DeliveryHead, ignoredPush, readHead, readPush } from '../webhook/delivery.ts';
import type { Rebuilds } from '../webhook/rebuilds.ts';
import type { Secrets } from '../webhook/secrets.ts';
import { checkSignature, type SignatureVerdict } from '../webhook/signature.ts';
import { createBodyBudget } from './body-budget.ts';
import type { WebhookTrail } from './webhook-trail.ts';

/** What the webhook is made of. */
export interface WebhookOptions {
  secrets: Secrets;
  rebuilds: Rebuilds;
  branch: string;
  maxBodyBytes: number;
  clientAddress: ClientAddress;
  trail: WebhookTrail;
  log: Log;
}

const hop = 'hugo-mcp-proxy';

/** As much of a refused body as is still read, so that whoever sends it gets to see the refusal. */
const discardBytes = 64 * 1024 * 1024;

/** Bytes of large bodies that are held at the same time. */
const budgetBytes = 64 * 1024 * 1024;

/** What became of a delivery whose signature is right. */
interface Verdict {
  status: 'pong' | 'accepted' | 'duplicate' | 'ignored';
  /** Why it is ignored. */
  why?: 'event' | 'other_ref' | 'branch_deleted';
  /** The commit that was pushed. */
  commit?: string;
}

/** One request: its bytes, and what they are worth. */
interface Delivery {
  body: Buffer;
  signature: SignatureVerdict;
  head: Partial<DeliveryHead>;
  contentType: string | undefined;
}

/**
 * `POST /webhook/github`: a push to the branch becomes a rebuild, and GitHub has its 202 before that begins (it waits for
 * 10 s). `POST /webhook/test` says what came and would become of it, and changes nothing.
 *
 * Nothing is parsed before the signature is right. A right one always gets through, however many wrong ones came from
 * the same address: all deliveries come from GitHub's few, those of other people's repositories too.
 */
export function createWebhook(options: WebhookOptions): EdgeHandler {
  const { secrets, rebuilds, branch, maxBodyBytes, trail, log } = options;
  const budget = createBodyBudget(budgetBytes, maxBodyBytes);

  const read = async (request: IncomingMessage): Promise<Delivery> => {
    const body = await readBody(request, maxBodyBytes);
    const { 'x-hub-signature-256': signature, 'content-type': contentType } = request.headers;
    return {
      body,
      signature: checkSignature(body, signature, await secrets()),
      head: readHead(request.headers),
      contentType,
    };
  };

  /** What is to become of a delivery; takes nothing. @throws {@link ArleoError} for what GitHub would not send */
  const judge = ({ body, head, contentType }: Delivery): Verdict => {
    if (head.id === undefined || head.event === undefined) {
      throw new ArleoError('bad_request', 'X-GitHub-Delivery or X-GitHub-Event is missing or malformed.');
    }
    if (head.event === 'ping') return { status: 'pong' };
    if (head.event !== 'push') return { status: 'ignored', why: 'event' };
    const push = readPush(body, contentType);
    const why = ignoredPush(push, branch);
    return why === undefined ? { status: 'accepted', commit: push.after } : { status: 'ignored', why };
  };

  const tellToWait = (response: ServerResponse, requestId: string, { retryAfterSeconds }: LimitReached): void =>
    sendError(response, hop, 'rate_limited', { requestId, headers: { 'Retry-After': String(retryAfterSeconds) } });

  const github = async (request: IncomingMessage, response: ServerResponse, context: RequestContext) => {
    const delivery = await read(request);
    const { signature, head } = delivery;
    const { requestId } = context;
    if (!signature.valid) {
      const limit = trail.refused(signature.why, request, context);
      if (limit) return tellToWait(response, requestId, limit);
      return sendError(response, hop, 'signature_invalid', { requestId });
    }
    const verdict = judge(delivery);
    if (verdict.status === 'accepted') {
      verdict.status = await take({ delivery: head.id ?? '', requestId });
    }
    const { status, why, commit } = verdict;
    trail.received(request, context, { ...head, status, ...(why && { why }), ...(commit && { commit }) });
    const about = {
      delivery: head.id,
      event: head.event,
      ...(why && { why }),
      ...(status === 'pong' ? {} : { branch }),
    };
    sendJson(response, status === 'pong' ? 200 : 202, requestId, { status, hop, ...about, request_id: requestId });
  };

  /** @throws {@link ArleoError} `not_ready` if it cannot be written down: GitHub shows it, and the owner sends it again */
  const take: Rebuilds['take'] = async (push) => {
    try {
      return await rebuilds.take(push);
    } catch (cause) {
      log.error('a push could not be written down', { error: cause, request_id: push.requestId });
      throw new ArleoError('not_ready', 'The push cannot be taken at the moment. Deliver it again.', { cause });
    }
  };

  const test = async (request: IncomingMessage, response: ServerResponse, context: RequestContext) => {
    const delivery = await read(request);
    const { signature, head, body, contentType = null } = delivery;
    const limit = signature.valid ? undefined : trail.refused(signature.why, request, context);
    if (limit) return tellToWait(response, context.requestId, limit);
    sendJson(response, 200, context.requestId, {
      hop,
      answered_by: hop,
      signature: signature.valid ? 'right' : signature.why === 'signature_missing' ? 'missing' : 'wrong',
      ...(signature.valid && { secret: signature.secret === 0 ? 'newest' : 'being replaced' }),
      delivery: head.id ?? null,
      event: head.event ?? null,
      content_type: contentType === null ? null : contentType.slice(0, 100),
      bytes: body.length,
      client_ip: context.clientAddress,
      request_id: context.requestId,
      ...(signature.valid && { would_be: wouldBe(delivery) }),
      changed: 'nothing',
    });
  };

  const wouldBe = (delivery: Delivery): string => {
    try {
      const { status, why } = judge(delivery);
      if (status === 'accepted' && rebuilds.knows(delivery.head.id ?? '')) return 'duplicate';
      return why === undefined ? status : `${status}: ${why}`;
    } catch (error) {
      if (!isArleoError(error)) throw error;
      return `refused: ${error.message}`;
    }
  };

  const handlers: ReadonlyMap<string, typeof github> = new Map([
    ['/webhook/github', github],
    ['/webhook/test', test],
  ]);

  return (request, response, edgeContext) => {
    const context = { ...edgeContext, clientAddress: options.clientAddress(request) };
    const { requestId } = context;
    const handler = handlers.get(context.path);
    if (handler === undefined) return sendError(response, hop, 'not_found', { requestId });
    if (request.method !== 'POST') {
      return sendError(response, hop, 'method_not_allowed', { requestId, headers: { Allow: 'POST' } });
    }
    const giveBack = budget.claim(request);
    if (giveBack === undefined) {
      sendError(response, hop, 'not_ready', { requestId, headers: { 'Retry-After': '1' } });
      return discardBody(request, discardBytes);
    }
    handler(request, response, context)
      .finally(giveBack)
      .catch((error: unknown) => {
        if (isArleoError(error) && isReason(error.code)) {
          return sendError(response, hop, error.code, { requestId, message: error.message });
        }
        const gone = request.destroyed && !request.complete;
        log[gone ? 'debug' : 'error']('a delivery could not be answered', { error, request_id: requestId });
        sendError(response, hop, 'internal', { requestId });
      })
      .finally(() => discardBody(request, discardBytes));
  };
}

/** In the place of the webhook while there is no secret: says so, since a mere 404 would leave the owner guessing. */
export const webhookOff: EdgeHandler = (_request, response, { requestId, path }) => {
  const isWebhook = path.startsWith('/webhook/');
  const message = 'The webhook is not set up here: hugo-mcp-proxy has no WEBHOOK_SECRET.';
  sendError(response, hop, 'not_found', { requestId, ...(isWebhook && { message }) });
};
