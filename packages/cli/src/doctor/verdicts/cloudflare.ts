import type { IncomingHttpHeaders } from 'node:http';
import { KNOWN_RANGES } from '../../address-ranges/known-ranges.ts';
import type { FindingCode } from '../findings/all-findings.ts';
import { isNamed } from '../host/sandbox.ts';
import type { Exchange } from '../probes/exchange.ts';
import type { Found } from '../trail.ts';

/** True if an answer came through Cloudflare, whoever made it. */
export function isCloudflare(headers: IncomingHttpHeaders): boolean {
  return headers['cf-ray'] !== undefined || /^cloudflare\b/i.test(String(headers.server ?? ''));
}

/**
 * What Cloudflare itself answered in the place of the host; undefined for an answer that only passed through it.
 *
 * @see [Cloudflare, detect a challenge](https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/)
 */
export function judgeCloudflare(answer: Exchange, caller: string): Found | undefined {
  const { headers, status } = answer;
  if (!isCloudflare(headers)) return undefined;
  const seen = evidence(answer, caller);
  if (headers['cf-mitigated'] === 'challenge') return { code: 'cloudflare_challenge', says: seen };
  // Every answer of ours has one, also those of nginx and its firewall.
  if (headers['x-request-id'] !== undefined) return undefined;
  if (status >= 520 && status <= 530) return { code: 'cloudflare_origin', says: seen };
  const number = errorNumber(answer.body);
  if (number === undefined && /<center>nginx/i.test(answer.body)) return undefined;
  // nginx and the services answer these in words of their own.
  if (status === 502 || status === 504) return { code: 'cloudflare_origin', says: seen };
  if (status !== 403 && status !== 429 && status !== 503) return undefined;
  return { code: codes[number ?? ''] ?? 'cloudflare_blocked', says: seen };
}

const codes: Record<string, FindingCode> = {
  '1010': 'cloudflare_browser_check',
  '1015': 'cloudflare_rate_limited',
  '1016': 'cloudflare_origin',
  '1033': 'cloudflare_origin',
};

/** `1020`: in plain text, JSON and each of the pages that Cloudflare has had. */
function errorNumber(body: string): string | undefined {
  return /(?:error code:\s*|"error_code":\s*|cf-error-code">\s*|\bError\s*(?:<[^>]{0,100}>\s*)*)(1\d{3})\b/i.exec(
    body,
  )?.[1];
}

function evidence({ headers, status, body, from }: Exchange, caller: string): string {
  const named = ['server', 'cf-ray', 'cf-mitigated'].flatMap((name) =>
    headers[name] === undefined ? [] : [`${name}: ${String(headers[name])}`],
  );
  const number = errorNumber(body);
  const blocked = /you have been blocked/i.test(body) ? ['page "you have been blocked"'] : [];
  const page = number === undefined ? blocked : [`error ${number}`];
  // Anyone can write such headers.
  const doubt =
    from === undefined || isNamed(from, KNOWN_RANGES.cloudflare) ? [] : [`${from} is no address of Cloudflare`];
  return `${status} for ${caller} (${[...named, ...page, ...doubt].join('; ')})`;
}
