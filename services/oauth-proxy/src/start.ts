import { importActorKey } from '@arleo/core/actor';
import { openBcrypt } from '@arleo/core/tokens/bcrypt';
import { openClientAddress } from '@arleo/runtime/http/client-address';
import { createEdge } from '@arleo/runtime/http/edge';
import { createUpstreamReady } from '@arleo/runtime/http/upstream-ready';
import { createMinuteLimit } from '@arleo/runtime/limits/minute-limit';
import { openAuditLog } from '@arleo/runtime/logging/audit-log';
import { openLog } from '@arleo/runtime/logging/log';
import { openMetrics } from '@arleo/runtime/metrics/metrics';
import { createForwarder, FORWARD_LIMITS } from '@arleo/runtime/proxy/forward';
import { createKeepAliveAgent } from '@arleo/runtime/proxy/keep-alive-agent';
import type { Lifecycle } from '@arleo/runtime/serve/lifecycle';
import { type RunningServer, serve } from '@arleo/runtime/serve/serve';
import type { Config } from './config.ts';
import { createOauthApp } from './http/oauth-app.ts';
import { createAccessTokenCheck } from './mcp/access-token.ts';
import { addResourceMetadata } from './mcp/challenge.ts';
import { createMcpHandler } from './mcp/mcp-handler.ts';
import { openRefusalTrail } from './mcp/refusal-trail.ts';
import { openOwner } from './owner/owner.ts';
import { openLmdbState } from './state/lmdb-state.ts';
import { openSigningKeys } from './state/signing-keys.ts';

const hop = 'oauth-proxy';

/** A little longer than those of the next hop: the hop nearest to a failure is the one that has to report it. */
const outerLimits = {
  firstByteMs: FORWARD_LIMITS.firstByteMs + 2_000,
  idleMs: FORWARD_LIMITS.idleMs + 2_000,
  callMs: FORWARD_LIMITS.callMs + 2_000,
};

/** Opens everything that oauth-proxy is made of, and serves. What was opened is closed by `lifecycle`, in reverse. */
export async function start(config: Config, lifecycle: Lifecycle): Promise<RunningServer> {
  const issuer = config.PUBLIC_URL;
  const mcpUrl = `${issuer}/mcp`;
  const log = openLog({ service: hop, level: config.LOG_LEVEL });
  const audit = await openAuditLog({ file: config.AUDIT_LOG, hop, log });
  lifecycle.onClose('audit log', () => audit.close());
  // Recorded when everything opened after this is closed: the calls in flight come before it.
  lifecycle.onClose('audit trail', () => audit.record({ event_type: 'service.stopped', result: 'success' }));
  const state = await openLmdbState(config.STATE_DIR);
  lifecycle.onClose('state', () => state.close());
  const keys = await openSigningKeys(config.STATE_DIR);
  const bcrypt = openBcrypt();
  lifecycle.onClose('bcrypt threads', () => bcrypt.close());

  const agent = createKeepAliveAgent();
  lifecycle.onClose('connections to hugo-mcp-proxy', () => agent.destroy());
  const upstreamReady = createUpstreamReady(config.UPSTREAM_URL, agent);

  const oauth = createOauthApp({
    config: {
      issuer,
      mcpUrl,
      secure: issuer.startsWith('https:'),
      tokenSecret: config.TOKEN_SECRET,
      perAddressPerMinute: config.RATE_LIMIT_PER_ADDRESS,
    },
    state,
    keys,
    owner: openOwner({ file: config.OWNER_FILE, bcrypt }),
    audit,
    log,
  });
  const trail = openRefusalTrail(audit);
  lifecycle.onClose('counts of refused requests', () => trail.close());
  const mcp = createMcpHandler({
    issuer,
    check: createAccessTokenCheck({ issuer, mcpUrl, verificationKey: keys.verificationKey, ...state }),
    failures: createMinuteLimit(config.RATE_LIMIT_PER_ADDRESS),
    calls: createMinuteLimit(config.RATE_LIMIT_PER_SUBJECT),
    forward: createForwarder({
      hop,
      target: new URL('/mcp', config.UPSTREAM_URL),
      agent,
      limits: { ...outerLimits, maxBodyBytes: config.MAX_BODY_BYTES },
      mapAnswerHeaders: addResourceMetadata(issuer),
      onFailure: (reason, error, { requestId }) =>
        log.warn('the call could not be completed', { reason, request_id: requestId, ...(error && { error }) }),
    }),
    mcpToken: config.MCP_TOKEN,
    actorKey: importActorKey(config.ACTOR_KEY),
    audit,
    trail,
    log,
  });
  const server = await serve({
    hop,
    listener: createEdge({
      hop,
      trustRequestId: false,
      clientAddress: openClientAddress(config.TRUST_PROXY),
      guard: { hosts: new Set([new URL(issuer).host]), origins: new Set([issuer, ...config.ALLOWED_ORIGINS]) },
      ready: () => (server.draining() ? { ready: false, problems: ['stopping'] } : upstreamReady()),
      metrics: openMetrics(hop),
      mcp,
      rest: oauth,
    }),
    host: config.HOST,
    port: config.PORT,
    drainMs: config.DRAIN_SECONDS * 1000,
  });
  lifecycle.onClose('server', () => server.close());

  audit.record({ event_type: 'service.started', result: 'success' });
  log.info('ready', { url: server.url });
  return server;
}
