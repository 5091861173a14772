import { exchange } from '../probes/exchange.ts';
import { isLoopback } from '../target-url.ts';
import type { Trail } from '../trail.ts';
import { whoAnswered } from '../verdicts/answer.ts';
import { readErrorAnswer } from '../verdicts/error-answer.ts';
import type { OpenWay } from '../walk-public.ts';

/** nginx, by what only it answers: a path that it keeps from the world. */
export async function askNginx({ target, address, verify }: OpenWay, trail: Trail): Promise<void> {
  if (target.protocol === 'http:' && isLoopback(target.hostname)) {
    trail.skip('nginx', 'GET /readyz', 'oauth-proxy is called without it');
    return;
  }
  await trail.look('nginx', 'GET /readyz, which is not for the world', 8_000, async (signal) => {
    const answer = await exchange(new URL('/readyz', target), { address, verify, signal });
    if (readErrorAnswer(answer)?.hop === 'nginx') return { says: 'nginx keeps it' };
    const says = `/readyz: ${whoAnswered(answer)}`;
    // What another layer refused or answered in its place says nothing of nginx.
    const open = /"hop":"oauth-proxy"/.test(answer.body);
    return { says, found: open ? [{ code: 'nginx_open' as const, says }] : [] };
  });
}
