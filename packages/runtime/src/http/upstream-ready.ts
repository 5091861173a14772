import http from 'node:http';
import https from 'node:https';
import { ArleoError } from '@arleo/core/errors';
import { reasonOf } from '../proxy/failure.ts';
import type { Readiness } from './health.ts';

/** How {@link createUpstreamReady} asks, in milliseconds. */
export interface UpstreamReadyLimits {
  /** For how long an answer of the next hop is believed: probes of ours never become a load of theirs. */
  believedMs: number;
  /** How long the next hop may take for its whole answer. */
  answerMs: number;
}

const defaults: UpstreamReadyLimits = { believedMs: 1_000, answerMs: 2_000 };

/**
 * Asks the next hop's `/readyz`, at most once a second however often it is called.
 *
 * @param base the next hop's origin
 * @returns a function that never rejects
 */
export function createUpstreamReady(
  base: URL,
  agent: http.Agent,
  limits: Partial<UpstreamReadyLimits> = {},
): () => Promise<Readiness> {
  const { believedMs, answerMs } = { ...defaults, ...limits };
  const url = new URL('/readyz', base);
  let asked = Number.NEGATIVE_INFINITY;
  let answer: Promise<Readiness> | undefined;
  return () => {
    if (!answer || performance.now() - asked > believedMs) {
      asked = performance.now();
      answer = ask(url, agent, answerMs);
    }
    return answer;
  };
}

function ask(url: URL, agent: http.Agent, answerMs: number): Promise<Readiness> {
  const problem = (text: string): Readiness => ({ ready: false, problems: [`${url.origin}: ${text}`] });
  return new Promise((resolve) => {
    const request = (url.protocol === 'https:' ? https : http).get(url, { agent }, (response) => {
      // Only the status counts; a body that never ends is cut off when its time is over.
      response.on('error', () => undefined).once('close', () => clearTimeout(timer));
      response.resume();
      resolve(response.statusCode === 200 ? { ready: true } : problem(`/readyz answered ${response.statusCode}`));
    });
    const timer = setTimeout(() => {
      request.destroy(new ArleoError('first_byte_timeout', `no answer within ${answerMs / 1000} s`));
    }, answerMs);
    request.on('error', (error) => {
      clearTimeout(timer);
      resolve(problem(`${reasonOf(error)}: ${error.message}`));
    });
  });
}
