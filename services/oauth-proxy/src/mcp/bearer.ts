import type { IncomingMessage } from 'node:http';

/** What was sent as token: one in the header, none, or something that RFC 6750 does not allow. */
export type Bearer = { token: string } | 'missing' | 'malformed' | 'in_query';

/**
 * The access token of a request, from the `Authorization` header alone. One in the query would stand in every log on
 * the way (RFC 6750 section 2.3 allows servers to refuse it).
 */
export function readBearer(request: IncomingMessage): Bearer {
  if (/[?&]access_token=/i.test(request.url ?? '')) return 'in_query';
  const { authorization } = request.headers;
  if (authorization === undefined) return 'missing';
  const match = /^Bearer +([-A-Za-z0-9._~+/]+=*)$/i.exec(authorization);
  return match?.[1] === undefined ? 'malformed' : { token: match[1] };
}
