import http from 'node:http';
import https from 'node:https';
import { reasonOf } from '../proxy/failure.ts';
import type { Readiness } from './health.ts';

/** Milliseconds for which an answer of the next hop is believed: probes of ours never become a load of theirs. */
const believedMs = 1_000;

/**
 * Asks the next hop's `/readyz`, at most once a second however often it is called.
 *
 * @param base the next hop's origin
 */
export function createUpstreamReady(base: URL, agent: http.Agent): () => Promise<Readiness> {
  let asked = Number.NEGATIVE_INFINITY;
  let answer: Promise<Readiness> | undefined;
  return () => {
    if (!answer || performance.now() - asked > believedMs) {
      asked = performance.now();
      answer = ask(new URL('/readyz', base), agent);
    }
    return answer;
  };
}

function ask(url: URL, agent: http.Agent): Promise<Readiness> {
  const problem = (text: string): Readiness => ({ ready: false, problems: [`${url.origin}: ${text}`] });
  return new Promise((resolve) => {
    const request = (url.protocol === 'https:' ? https : http).get(url, { agent, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? { ready: true } : problem(`/readyz answered ${response.statusCode}`));
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 2 s')));
    request.on('error', (error) => resolve(problem(`${reasonOf(error)}: ${error.message}`)));
  });
}
