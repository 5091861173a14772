import { openClientAddress } from '@arleo/runtime/http/client-address';
import { createEdge } from '@arleo/runtime/http/edge';
import { createUpstreamReady } from '@arleo/runtime/http/upstream-ready';
import { createMinuteLimit } from '@arleo/runtime/limits/minute-limit';
import { openAuditLog } from '@arleo/runtime/logging/audit-log';
import { openLog } from '@arleo/runtime/logging/log';
import { openMetrics } from '@arleo/runtime/metrics/metrics';
import { createForwarder } from '@arleo/runtime/proxy/forward';
import { runService } from '@arleo/runtime/serve/run-service';
import { serve } from '@arleo/runtime/serve/serve';
import { createPinnedAgent } from '@arleo/runtime/tls/pinned-agent';
import { readConfig } from './config.ts';
import { createCallerCheck } from './http/caller-check.ts';
import { createMcp } from './http/mcp.ts';
import { createFailureReport } from './http/report-failure.ts';

const hop = 'hugo-mcp-proxy';

runService(hop, async (lifecycle) => {
  const config = readConfig(process.env);
  const log = openLog({ service: hop, level: config.LOG_LEVEL });
  const audit = await openAuditLog({ file: config.AUDIT_LOG, hop, log });
  lifecycle.onClose('audit log', () => audit.close());

  const agent = createPinnedAgent({ certificate: config.UPSTREAM_CERT, sha256: config.UPSTREAM_CERT_SHA256 });
  lifecycle.onClose('connections to hugo-mcp-server', () => agent.destroy());
  const forward = createForwarder({
    hop,
    target: new URL('/mcp', config.UPSTREAM_URL),
    agent,
    limits: { maxBodyBytes: config.MAX_BODY_BYTES },
    onFailure: createFailureReport({ audit, log }),
  });
  const mcp = createMcp({
    checkCaller: createCallerCheck(config.MCP_TOKEN_SHA256),
    failures: createMinuteLimit(config.RATE_LIMIT_PER_ADDRESS),
    forward,
    audit,
  });
  const upstreamReady = createUpstreamReady(config.UPSTREAM_URL, agent);
  const server = await serve({
    hop,
    listener: createEdge({
      hop,
      trustRequestId: true,
      clientAddress: openClientAddress([]),
      guard: { origins: new Set() },
      ready: () => (server.draining() ? { ready: false, problems: ['stopping'] } : upstreamReady()),
      metrics: openMetrics(hop),
      mcp,
    }),
    host: config.HOST,
    port: config.PORT,
    drainMs: config.DRAIN_SECONDS * 1000,
  });
  // Closed after the server: the calls that end while it stops are recorded before this.
  lifecycle.onClose('audit trail', () => audit.record({ event_type: 'service.stopped', result: 'success' }));
  lifecycle.onClose('server', () => server.close());

  audit.record({ event_type: 'service.started', result: 'success' });
  log.info('ready', { url: server.url });
});
