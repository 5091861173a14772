import type { Response as GotResponse, RequestError } from 'got';
import { PublishFailure } from './plugin.ts';

/** An answer, as far as plug-ins look at it. */
export interface JsonAnswer {
  status: number;
  /** The parsed body; undefined if it is none. */
  json: unknown;
  /** Seconds to wait, if the answer says so. */
  retryAfter: number | undefined;
}

/** An answer larger than this is none that we asked for. */
const maxAnswerBytes = 256 * 1024;
/** A longer wait than this, in milliseconds, is left to the next release. */
const maxRetryAfterMs = 3_000;

/**
 * Sends JSON. Tries once more when the connection broke, on 429 (after Retry-After, if that is short) and on 5xx.
 * Redirects are not followed: what is sent carries a token or signature for this address alone.
 *
 * @param to who is written to, for messages
 * @throws {@link PublishFailure} if there is no answer, or one that leads elsewhere
 */
export async function postJson(
  to: string,
  url: string,
  body: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<JsonAnswer> {
  // Most services tell nobody: it is loaded by those that do.
  const { got } = await import('got');
  const request = got.post(url, {
    body,
    headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'arleo', ...headers },
    followRedirect: false,
    throwHttpErrors: false,
    signal,
    timeout: { connect: 2_000, secureConnect: 4_000 },
    retry: {
      limit: 1,
      methods: ['POST'],
      statusCodes: [429, 500, 502, 503, 504],
      maxRetryAfter: maxRetryAfterMs,
      calculateDelay: ({ computedValue }) => Math.min(computedValue, maxRetryAfterMs),
    },
  });
  let tooLarge = false;
  request.on('downloadProgress', ({ transferred }) => {
    if (transferred <= maxAnswerBytes) return;
    tooLarge = true;
    request.cancel();
  });
  let response: GotResponse<string>;
  try {
    response = await request;
  } catch (cause) {
    if (tooLarge) throw new PublishFailure(`${to} sent more than an answer.`, { cause });
    if (signal.aborted) throw signal.reason;
    const { code = 'error' } = cause as Partial<RequestError>;
    throw new PublishFailure(`${to} could not be reached (${code}).`, { cause });
  }
  const { statusCode: status, headers: answered } = response;
  if (status >= 300 && status < 400) {
    throw new PublishFailure(`${to} answered with a redirect (${status}), which is not followed.`);
  }
  const seconds = Number(answered['retry-after']);
  return { status, json: parse(response.body), retryAfter: Number.isFinite(seconds) ? seconds : undefined };
}

/** What a failed answer says, without what could rearrange a line. */
export function shownText(text: string): string {
  return text
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
    .slice(0, 300);
}

/** When to come again, in words. */
export function retryText({ retryAfter }: JsonAnswer): string {
  return retryAfter === undefined ? '' : ` It asks to wait ${retryAfter} s.`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
