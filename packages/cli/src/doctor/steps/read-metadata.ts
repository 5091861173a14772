import * as z from 'zod';
import { exchange } from '../probes/exchange.ts';
import type { Found, Trail } from '../trail.ts';
import { judgeAnswer, whoAnswered } from '../verdicts/answer.ts';
import { json } from '../verdicts/error-answer.ts';
import type { OpenWay } from '../walk-public.ts';

const resourceSchema = z.object({ resource: z.string(), authorization_servers: z.array(z.string()).min(1) });
const serverSchema = z.object({ issuer: z.string() });

/** What discovery tells clients (RFC 9728, RFC 8414): it has to name the very address that they were given. */
export async function readMetadata({ target, address, verify }: OpenWay, trail: Trail): Promise<void> {
  const read = (path: string, judge: (value: unknown) => string | undefined) =>
    trail.look('oauth-proxy', path, 8_000, async (signal) => {
      const answer = await exchange(new URL(path, target), { address, verify, signal });
      const found: Found[] = judgeAnswer(answer, 'discovery');
      const wrong = found.length > 0 ? undefined : judge(json(answer.body));
      if (wrong !== undefined) found.push({ code: 'discovery_differs', says: wrong });
      return { says: found.length === 0 ? 'names this address' : (wrong ?? whoAnswered(answer)), found };
    });
  const called = target.href.replace(/\/$/, '');
  await read(`/.well-known/oauth-protected-resource${target.pathname.replace(/\/$/, '')}`, (value) => {
    const metadata = resourceSchema.safeParse(value).data;
    if (metadata === undefined) return 'these are no metadata of a protected resource';
    return metadata.resource.replace(/\/$/, '') === called ? undefined : `resource is ${metadata.resource}`;
  });
  await read('/.well-known/oauth-authorization-server', (value) => {
    const metadata = serverSchema.safeParse(value).data;
    if (metadata === undefined) return 'these are no metadata of an authorization server';
    return metadata.issuer === target.origin ? undefined : `issuer is ${metadata.issuer}`;
  });
}
