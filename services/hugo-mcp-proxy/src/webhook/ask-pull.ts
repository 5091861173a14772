import https from 'node:https';
import { ArleoError } from '@arleo/core/errors';
import type { Reason } from '@arleo/core/reasons';
import { reasonOf } from '@arleo/runtime/proxy/failure';
import * as z from 'zod';
import type { AskPull, PullAnswer } from './rebuilds.ts';

/** What {@link createAskPull} needs. */
export interface AskPullOptions {
  /** Where hugo-mcp-server listens. */
  upstream: URL;
  /** Lets nothing but the pinned certificate through. */
  agent: https.Agent;
  /** The hop token with the scope `site:pull`. */
  token: string;
  branch: string;
}

/** Milliseconds for a fetch, its submodules, the changes that wait before it, two builds and some more. */
const answerMs = 600_000;
const maxAnswerBytes = 256 * 1024;

const answerSchema = z.object({
  result: z.string(),
  code: z.string().optional(),
  message: z.string().optional(),
  commit: z.string().nullish(),
  release: z.string().optional(),
});

/**
 * Asks hugo-mcp-server to pull, over the pinned TLS, and waits until it has. The token says nothing of who acts and lets
 * nobody act: see `PULL_SCOPE`.
 *
 * @returns a function that rejects with an {@link ArleoError} whose code is a transport reason
 */
export function createAskPull({ upstream, agent, token, branch }: AskPullOptions): AskPull & { abort(): void } {
  const stop = new AbortController();
  const url = new URL('/internal/site-pull', upstream);
  const body = JSON.stringify({ branch });
  const ask: AskPull = (requestId) =>
    new Promise<PullAnswer>((resolve, reject) => {
      const headers = {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        'X-Request-Id': requestId,
      };
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(answerMs)]);
      const request = https.request(url, { method: 'POST', agent, headers, signal }, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxAnswerBytes) response.destroy(refused('upstream_invalid', 'The answer is too long.'));
          else chunks.push(chunk);
        });
        response.on('error', (error) => reject(known(error)));
        response.on('end', () => {
          try {
            resolve(readAnswer(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')));
          } catch (error) {
            reject(error);
          }
        });
      });
      request.on('error', (error) => reject(known(error))).end(body);
    });
  return Object.assign(ask, { abort: () => stop.abort() });
}

const reasonsByStatus: ReadonlyMap<number, Reason> = new Map([
  [401, 'upstream_auth'],
  [403, 'upstream_auth'],
  [429, 'rate_limited'],
  [503, 'not_ready'],
]);

function readAnswer(status: number, text: string): PullAnswer {
  if (status !== 200) {
    throw refused(reasonsByStatus.get(status) ?? 'upstream_invalid', `hugo-mcp-server answered ${status}.`);
  }
  try {
    return answerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new ArleoError('upstream_invalid', 'The answer of hugo-mcp-server is not an outcome.', { cause });
  }
}

function known(error: Error): ArleoError {
  if (error.name === 'TimeoutError') return refused('call_timeout', 'No answer of hugo-mcp-server in time.', error);
  return error instanceof ArleoError ? error : refused(reasonOf(error), error.message, error);
}

function refused(reason: Reason, message: string, cause?: Error): ArleoError {
  return new ArleoError(reason, message, cause === undefined ? {} : { cause });
}
