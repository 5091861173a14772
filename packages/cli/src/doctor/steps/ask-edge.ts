import { exchange } from '../probes/exchange.ts';
import type { Found, Trail } from '../trail.ts';
import { judgeAnswer, whoAnswered } from '../verdicts/answer.ts';
import { judgeClock } from '../verdicts/clock.ts';
import { isCloudflare } from '../verdicts/cloudflare.ts';
import { readErrorAnswer } from '../verdicts/error-answer.ts';
import type { OpenWay } from '../walk-public.ts';

/** A first call of an MCP client. Without a token it is answered 401 by oauth-proxy, and nothing behind it is asked. */
const FIRST_CALL = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });

/**
 * Who calls in daily use, by the user agent that bot rules judge: Claude's calls, Claude's discovery, and GitHub's deliveries.
 * A browser passes where these are stopped.
 */
const callers = [
  { name: 'Claude', agent: 'Claude-User', method: 'POST', path: undefined, body: FIRST_CALL },
  {
    name: "Claude's discovery",
    agent: 'python-httpx/0.28.1',
    method: 'GET',
    path: '/.well-known/oauth-protected-resource/mcp',
    body: undefined,
  },
  { name: 'GitHub', agent: 'GitHub-Hookshot/arleo', method: 'POST', path: '/webhook/test', body: '{}' },
] as const;

/** The edge and nginx, asked as each of the {@link callers}. @returns whether calls of `/mcp` reach the services */
export async function askEdge({ target, address, verify }: OpenWay, trail: Trail): Promise<boolean> {
  let passed = false;
  for (const { name, agent, method, path, body } of callers) {
    const url = path === undefined ? target : new URL(path, target);
    await trail.look('edge', `${method} ${url.pathname} as ${name}`, 8_000, async (signal) => {
      const outcome = await exchange(url, {
        method,
        headers: { 'User-Agent': agent },
        address,
        verify,
        signal,
        ...(body === undefined ? {} : { body }),
      }).catch((error: NodeJS.ErrnoException) => error);
      if (!('status' in outcome)) {
        if (!signal.aborted) {
          const says = `no answer to ${name}: ${outcome.code ?? outcome.message}`;
          return { says, found: [{ code: 'closed_unanswered' as const, says }] };
        }
        const says = `no answer within 8 s to ${name}`;
        return { says, found: [{ code: 'service_hangs' as const, layer: 'edge' as const, says }] };
      }
      const answer = outcome;
      const error = readErrorAnswer(answer);
      const hook = path === '/webhook/test';
      // Whatever it answers to a delivery without a signature, it is there; where there is no webhook, nothing is.
      const expected =
        hook &&
        (error?.reason === 'signature_invalid' ||
          error?.reason === 'not_found' ||
          error?.reason === 'method_not_allowed');
      const found: Found[] = expected ? [] : judgeAnswer(answer, name);
      if (path === undefined) {
        passed = error?.hop === 'oauth-proxy' && found.length === 0;
        if (answer.status < 300)
          found.push({ code: 'not_arleo', says: `a call without a token was answered ${answer.status}` });
        found.push(...judgeClock(answer.headers.date, answer.at, target.hostname));
      }
      const through = isCloudflare(answer.headers)
        ? ` through Cloudflare (${answer.headers['cf-ray'] ?? 'no cf-ray'})`
        : '';
      return { says: `${whoAnswered(answer)}${through}`, found };
    });
  }
  return passed;
}
