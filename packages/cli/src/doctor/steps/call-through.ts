import { HOPS } from '@arleo/core/errors';
import { callSiteInfo, type ToolCall } from '../probes/call-site-info.ts';
import { exchange } from '../probes/exchange.ts';
import type { Found, Trail } from '../trail.ts';
import { judgeAnswer, whoAnswered } from '../verdicts/answer.ts';
import { readErrorAnswer } from '../verdicts/error-answer.ts';
import { timePerHop } from '../verdicts/server-timing.ts';
import { judgeHugo, judgePublishing, readSiteInfo } from '../verdicts/site-info.ts';
import { judgeRefusedToken } from '../verdicts/token.ts';
import type { OpenWay } from '../walk-public.ts';

/** A read tool has 10 s for its first byte at the last hop, and each hop before it a little more. */
const CALL_MS = 16_000;

/** A real call of MCP through all hops, with a token; then Hugo and publishing, as it tells of them. */
export async function callThrough(way: OpenWay, trail: Trail): Promise<void> {
  const { target, token, address, verify } = way;
  if (token === undefined || !verify) {
    const why = verify ? 'needs a token: --token-file' : 'no token goes to a certificate that nobody trusts';
    trail.skip('hugo-mcp-server', 'a call through all hops', why);
    return;
  }
  const call = await trail.look('oauth-proxy', 'a call with the token', CALL_MS, async (signal) => {
    const headers = () => ({ Authorization: `Bearer ${token}`, 'User-Agent': 'Claude-User' });
    const made = await callSiteInfo(target, headers, { address, signal });
    const refused = readErrorAnswer(made.answer)?.reason === 'token_invalid';
    const found = refused ? [await judgeToken(way, token, made, signal)] : judgeCall(made);
    return {
      says: made.structured === undefined ? whoAnswered(made.answer) : 'site_info answered',
      found,
      value: made,
    };
  });
  tellSite(call?.value, trail);
}

/** What a call gave: the time of each hop, and the site behind them. */
export function tellSite(call: ToolCall | undefined, trail: Trail): void {
  const info = readSiteInfo(call?.structured);
  if (call === undefined || info === undefined) {
    trail.skip('hugo', 'what is live', 'no answer of the site');
    trail.skip('publish', 'who was told', 'no answer of the site');
    return;
  }
  const times = timePerHop(String(call.answer.headers['server-timing'] ?? ''));
  for (const hop of HOPS) {
    const ms = times[hop];
    if (ms !== undefined) trail.note(hop, 'its own part of the call', ms, { says: 'passed' });
  }
  trail.note('hugo', 'what is live', null, judgeHugo(info));
  trail.note('publish', 'who was told', null, judgePublishing(info));
}

/** What is wrong with a call that was made. */
export function judgeCall({ answer, structured, problem }: ToolCall): Found[] {
  const found = judgeAnswer(answer, 'a call of MCP');
  if (found.length > 0 || readSiteInfo(structured) !== undefined) return found;
  return [{ code: 'service_fault', says: problem ?? 'site_info answered something else than it should' }];
}

async function judgeToken(
  { target, address }: OpenWay,
  token: string,
  { answer }: ToolCall,
  signal: AbortSignal,
): Promise<Found> {
  const keys = await exchange(new URL('/jwks', target), { address, signal }).catch(() => undefined);
  // By the clock of the one who refused it.
  const now = Date.parse(answer.headers.date ?? '');
  return judgeRefusedToken(token, target, Number.isFinite(now) ? now : answer.at, keys?.body);
}
