import { openClientAddress } from '@arleo/runtime/http/client-address';
import { createMinuteLimit } from '@arleo/runtime/limits/minute-limit';
import { createForwarder } from '@arleo/runtime/proxy/forward';
import { openRecords } from '@arleo/runtime/serve/open-records';
import { runService } from '@arleo/runtime/serve/run-service';
import { serveEdge } from '@arleo/runtime/serve/serve-edge';
import { readConfig } from './config.ts';
import { createCallerCheck } from './http/caller-check.ts';
import { createMcp } from './http/mcp.ts';
import { openWebhook } from './http/open-webhook.ts';
import { createReadiness } from './http/readiness.ts';
import { createFailureReport } from './http/report-failure.ts';
import { openPins } from './pins/open-pins.ts';

const hop = 'hugo-mcp-proxy';

runService(hop, async (lifecycle) => {
  const config = readConfig(process.env);
  const records = await openRecords(hop, config, lifecycle);
  const { audit } = records;
  const agent = await openPins(config, records, lifecycle);
  const forward = createForwarder({
    hop,
    target: new URL('/mcp', config.UPSTREAM_URL),
    agent,
    limits: { maxBodyBytes: config.MAX_BODY_BYTES },
    onFailure: createFailureReport(records),
  });
  const mcp = createMcp({
    checkCaller: createCallerCheck(config.MCP_TOKEN_SHA256),
    failures: createMinuteLimit(config.RATE_LIMIT_PER_ADDRESS),
    forward,
    audit,
  });
  const rest = await openWebhook(config, agent, records, lifecycle);
  await serveEdge({
    hop,
    config,
    lifecycle,
    records,
    trustRequestId: true,
    clientAddress: openClientAddress([]),
    guard: { origins: new Set() },
    ready: createReadiness(config, agent),
    mcp,
    rest,
  });
});
