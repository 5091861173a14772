import * as z from 'zod';
import type { Exchange } from '../probes/exchange.ts';

const text = z.string().max(1000);
const bodySchema = z.object({
  error: z.object({
    message: text.optional(),
    data: z.object({
      hop: text,
      reason: text,
      request_id: text.optional(),
      hint: text.optional(),
      refused_by: text.optional(),
      refused_reason: text.optional(),
    }),
  }),
});

/** What an error body says about itself. */
export interface ErrorAnswer {
  /** The layer that made it. */
  hop: string;
  reason: string;
  requestId: string | undefined;
  message: string;
  hint: string | undefined;
  /** Of `upstream_auth`: who refused the credentials between the hops, and why. */
  refusedBy: string | undefined;
  refusedReason: string | undefined;
}

/** The error body of one of our layers; undefined for anything else. */
export function readErrorAnswer({ body }: Pick<Exchange, 'body'>): ErrorAnswer | undefined {
  const read = bodySchema.safeParse(json(body));
  if (!read.success) return undefined;
  const { message = '', data } = read.data.error;
  return {
    hop: data.hop,
    reason: data.reason,
    requestId: data.request_id,
    message,
    hint: data.hint,
    refusedBy: data.refused_by,
    refusedReason: data.refused_reason,
  };
}

/** A body as JSON; undefined if it is none. */
export function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
