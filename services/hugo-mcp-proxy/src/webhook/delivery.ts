import type { IncomingHttpHeaders } from 'node:http';
import { ArleoError } from '@arleo/core/errors';
import * as z from 'zod';

/** What the head of a delivery says. Nothing of it is signed: GitHub signs the body alone. */
export interface DeliveryHead {
  /** `X-GitHub-Delivery`: a GUID, the same again when the owner has it delivered again. */
  id: string;
  /** `X-GitHub-Event`. */
  event: string;
}

/** The head of a delivery, or what is wrong with it. @see {@link DeliveryHead} */
export function readHead(headers: IncomingHttpHeaders): Partial<DeliveryHead> {
  const { 'x-github-delivery': id, 'x-github-event': event } = headers;
  return {
    ...(typeof id === 'string' && /^[\w-]{1,100}$/.test(id) ? { id } : {}),
    ...(typeof event === 'string' && /^[a-z][a-z0-9_]{0,63}$/.test(event) ? { event } : {}),
  };
}

const pushSchema = z.object({
  ref: z.string().max(1000),
  /** The commit that the ref has now; zeros if it was deleted. */
  after: z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/),
  deleted: z.boolean().default(false),
});

/** What a push did to a ref. */
export type PushPayload = z.output<typeof pushSchema>;

/**
 * Reads the payload of a `push`: JSON, or (the other content type that GitHub offers) a form whose one field `payload`
 * is that JSON. To be called only when the signature is right.
 *
 * @throws {@link ArleoError} `unsupported_media_type`, `bad_json`, `bad_request`
 * @see [push](https://docs.github.com/en/webhooks/webhook-events-and-payloads#push)
 */
export function readPush(body: Uint8Array, contentType: string | undefined): PushPayload {
  const text = payloadText(body, contentType);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ArleoError('bad_json', 'The payload is not valid JSON.', { cause });
  }
  const push = pushSchema.safeParse(value);
  if (!push.success) throw new ArleoError('bad_request', 'The payload is not the one of a push.');
  return push.data;
}

function payloadText(body: Uint8Array, contentType = ''): string {
  const text = Buffer.from(body).toString('utf8');
  if (/^application\/json\s*(;|$)/i.test(contentType)) return text;
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType)) {
    throw new ArleoError('unsupported_media_type', 'The content type must be one of the two that GitHub offers.');
  }
  const [payload, ...more] = new URLSearchParams(text).getAll('payload');
  if (payload === undefined || more.length > 0) throw new ArleoError('bad_request', 'The form has no one payload.');
  return payload;
}

/** Why a push is none of ours; undefined if it is a push to the branch. */
export function ignoredPush({ ref, deleted }: PushPayload, branch: string): 'other_ref' | 'branch_deleted' | undefined {
  if (ref !== `refs/heads/${branch}`) return 'other_ref';
  return deleted ? 'branch_deleted' : undefined;
}
