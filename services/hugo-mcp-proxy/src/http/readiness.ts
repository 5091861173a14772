import path from 'node:path';
import { createStanding } from '@arleo/runtime/disks/standing';
import type { Readiness } from '@arleo/runtime/http/health';
import { createUpstreamReady } from '@arleo/runtime/http/upstream-ready';
import type { PinnedAgent } from '@arleo/runtime/tls/pinned-agent';
import type { Config } from '../config.ts';

/** What `/readyz` says: hugo-mcp-server is ready, and what this service writes to is there. */
export function createReadiness(
  { UPSTREAM_URL, STATE_DIR, AUDIT_LOG }: Config,
  agent: PinnedAgent,
): () => Promise<Readiness> {
  const upstreamReady = createUpstreamReady(UPSTREAM_URL, agent);
  const folders = [...(STATE_DIR === undefined ? [] : [STATE_DIR]), path.dirname(AUDIT_LOG)];
  const standing = createStanding(folders, () => agent.pinned().at(-1)?.toString());
  return async () => {
    const [upstream, own] = await Promise.all([upstreamReady(), standing()]);
    const problems = [...(upstream.problems ?? []), ...own.problems];
    return { ready: problems.length === 0, problems, details: own.details };
  };
}
