import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { importActorKey, signActor } from '@arleo/core/actor';
import { callSiteInfo } from '../../probes/call-site-info.ts';
import { judgeCall, tellSite } from '../../steps/call-through.ts';
import type { Trail } from '../../trail.ts';
import { whoAnswered } from '../../verdicts/answer.ts';
import type { Installed } from '../../walk-host.ts';
import { secretOf } from '../installation.ts';
import { urlOf } from './ask-services.ts';

/** As long as hugo-mcp-proxy waits for a read, and a little. */
const CALL_MS = 14_000;

/**
 * A call as oauth-proxy makes it, with its token and signature, that reads and does nothing else: it shows whether the secrets
 * of the three services fit together. It stands in the audit logs as made by `doctor`.
 */
export async function callFromHere(units: Installed, trail: Trail): Promise<void> {
  const { 'mcp-oauth-proxy': front, 'hugo-mcp-proxy': proxy } = units;
  if (front === undefined || proxy === undefined) {
    trail.skip('hugo-mcp-server', 'a signed call from here', 'oauth-proxy is on another host');
    return;
  }
  const token = await secretOf(front, 'MCP_TOKEN');
  const key = await readFile(`${front.folder}/actor.key`, 'utf8').catch(() => undefined);
  if (token === undefined || key === undefined) {
    trail.skip('hugo-mcp-server', 'a signed call from here', 'MCP_TOKEN or actor.key cannot be read');
    return;
  }
  trail.hide(token);
  const call = await trail.look('hugo-mcp-proxy', 'a signed call from here', CALL_MS, async (signal) => {
    const actorKey = importActorKey(key);
    const headers = () => {
      const id = randomUUID();
      const claims = {
        sub: 'owner',
        client_id: 'doctor',
        scope: 'content:read',
        request_id: id,
        aud: 'hugo-mcp-server',
      } as const;
      return { Authorization: `Bearer ${token}`, 'Arleo-Actor': signActor(actorKey, claims), 'X-Request-Id': id };
    };
    const made = await callSiteInfo(new URL('/mcp', urlOf(proxy)), headers, { signal });
    return {
      says: made.structured === undefined ? whoAnswered(made.answer) : 'site_info answered',
      found: judgeCall(made),
      value: made,
    };
  });
  tellSite(call?.value, trail);
}
