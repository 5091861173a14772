import path from 'node:path';
import { importActorKey } from '@arleo/core/actor';
import { openBcrypt } from '@arleo/core/tokens/bcrypt';
import { createStanding } from '@arleo/runtime/disks/standing';
import { createUpstreamReady } from '@arleo/runtime/http/upstream-ready';
import { createForwarder, FORWARD_LIMITS } from '@arleo/runtime/proxy/forward';
import { createKeepAliveAgent } from '@arleo/runtime/proxy/keep-alive-agent';
import type { Lifecycle } from '@arleo/runtime/serve/lifecycle';
import { openRecords } from '@arleo/runtime/serve/open-records';
import type { RunningServer } from '@arleo/runtime/serve/serve';
import { serveEdge } from '@arleo/runtime/serve/serve-edge';
import { type DocumentNetwork, INTERNET } from './client-documents/fetch-document.ts';
import type { Config } from './config.ts';
import { answerUnavailable } from './http/answer-unavailable.ts';
import { createBoundSenders, FORM_MS } from './http/bound-senders.ts';
import { INTROSPECTION_PATH } from './http/introspection.ts';
import { createOauthApp } from './http/oauth-app.ts';
import { type Handlers, openLater } from './http/open-later.ts';
import { openLimitCounts } from './limits/limit-counts.ts';
import { createAccessTokenCheck } from './mcp/access-token.ts';
import { addResourceMetadata } from './mcp/challenge.ts';
import { allowOrigins } from './mcp/cors.ts';
import { createMcpHandler } from './mcp/mcp-handler.ts';
import { openRefusalTrail } from './mcp/refusal-trail.ts';
import { openOwner } from './owner/owner.ts';
import { recordOwnerRevocations } from './provider/owner-revocations.ts';
import { createRedirectPolicy } from './provider/redirect-policy.ts';
import { requestNetwork } from './provider/request-network.ts';
import { openState } from './state/open-state.ts';
import { openSigningKeys } from './state/signing-keys.ts';

const hop = 'oauth-proxy';

/** A little longer than those of the next hop: the hop nearest to a failure is the one that has to report it. */
const outerLimits = {
  firstByteMs: FORWARD_LIMITS.firstByteMs + 2_000,
  idleMs: FORWARD_LIMITS.idleMs + 2_000,
  callMs: FORWARD_LIMITS.callMs + 2_000,
};

/** Opens everything that oauth-proxy is made of, and serves. What was opened is closed by `lifecycle`, in reverse. */
export async function start(
  config: Config,
  lifecycle: Lifecycle,
  { network = INTERNET }: { network?: DocumentNetwork } = {},
): Promise<RunningServer> {
  const issuer = config.PUBLIC_URL;
  const mcpUrl = `${issuer}/mcp`;
  const records = await openRecords(hop, config, lifecycle);
  const { log, audit } = records;
  const { state, keyStore, folders, shared } = await openState(config, log, requestNetwork);
  const counts = openLimitCounts(shared);
  lifecycle.onClose('state', () => state.close());
  lifecycle.onClose('record of revocations', recordOwnerRevocations(state, audit, log));
  const bcrypt = openBcrypt();
  lifecycle.onClose('bcrypt threads', () => bcrypt.close());

  const agent = createKeepAliveAgent();
  lifecycle.onClose('connections to hugo-mcp-proxy', () => agent.destroy());
  const standing = createStanding([...folders, path.dirname(config.AUDIT_LOG)]);
  const upstreamReady = createUpstreamReady(config.UPSTREAM_URL, agent);
  const owner = openOwner({ file: config.OWNER_FILE, bcrypt, claim: (name, seconds) => state.claim(name, seconds) });

  const trail = openRefusalTrail(audit);
  lifecycle.onClose('counts of refused requests', () => trail.close());
  const open = async (): Promise<Handlers> => {
    const keys = await openSigningKeys({ store: keyStore, audit, log });
    lifecycle.onClose('signing keys', () => keys.close());
    const check = createAccessTokenCheck({
      issuer,
      mcpUrl,
      verificationKey: keys.verificationKey,
      accessHolds: state.accessHolds,
    });
    const oauth = createOauthApp({
      config: {
        issuer,
        mcpUrl,
        secure: issuer.startsWith('https:'),
        tokenSecret: config.TOKEN_SECRET,
        clientDocuments: config.CIMD,
        limits: {
          perMinute: config.RATE_LIMIT_PER_ADDRESS,
          programsPerMinute: config.RATE_LIMIT_PROGRAMS,
          registrationsPerHour: config.RATE_LIMIT_REGISTRATIONS,
        },
        preregistered:
          config.CLIENT_ID && config.CLIENT_SECRET
            ? { id: config.CLIENT_ID, secret: config.CLIENT_SECRET, redirectUris: config.CLIENT_REDIRECT_URIS }
            : undefined,
        redirects: createRedirectPolicy({ hosts: config.REDIRECT_HOSTS, schemes: config.REDIRECT_SCHEMES }),
      },
      state,
      counts,
      keys,
      check,
      introspectionToken: config.MCP_TOKEN,
      owner,
      network,
      audit,
      log,
    });
    const mcp = createMcpHandler({
      issuer,
      check,
      failures: counts.minute('failures', config.RATE_LIMIT_PER_ADDRESS),
      beginnings: counts.minute('beginnings', config.RATE_LIMIT_PROGRAMS),
      calls: counts.minute('calls', config.RATE_LIMIT_PER_SUBJECT),
      noteUse: (grantId) => state.noteUse(grantId),
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
    return { mcp, rest: oauth };
  };
  const origins = new Set([issuer, ...config.ALLOWED_ORIGINS]);
  const site = new URL(issuer).host;
  const handlers = await openLater({ open, unavailable: answerUnavailable.bind(undefined, site), lifecycle, log });
  const boundSenders = createBoundSenders();
  return serveEdge({
    hop,
    config,
    lifecycle,
    records,
    trustRequestId: false,
    clientAddress: config.TRUST_PROXY,
    guard: { hosts: new Set([site]), origins },
    ready: async () => {
      const [ground, upstream, ...own] = await Promise.all([
        standing(),
        upstreamReady(),
        owner.problem(),
        state.problem(),
      ]);
      const problems = [...(upstream.problems ?? []), ...own.filter((one) => one !== undefined), ...ground.problems];
      return { ready: problems.length === 0, problems, details: ground.details };
    },
    mcp: boundSenders(allowOrigins(origins, handlers.mcp)),
    localPaths: new Set([INTROSPECTION_PATH]),
    rest: boundSenders(handlers.rest, { bodyMs: FORM_MS }),
  });
}
