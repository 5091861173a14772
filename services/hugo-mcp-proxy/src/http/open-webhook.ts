import type https from 'node:https';
import type { EdgeHandler } from '@arleo/runtime/http/edge';
import { createMinuteLimit } from '@arleo/runtime/limits/minute-limit';
import type { Lifecycle } from '@arleo/runtime/serve/lifecycle';
import type { Records } from '@arleo/runtime/serve/open-records';
import type { Config } from '../config.ts';
import { openRebuilds } from '../webhook/open-rebuilds.ts';
import { followSecrets } from '../webhook/secrets.ts';
import { createWebhook, webhookOff } from './webhook.ts';
import { createWebhookTrail } from './webhook-trail.ts';

/** As many refused deliveries in a minute are recorded, from all addresses together, for each that one may have. */
const addressesRecorded = 10;

/** Opens `/webhook/…`; without WEBHOOK_SECRET it says that it is off. */
export async function openWebhook(
  config: Config,
  agent: https.Agent,
  records: Records,
  lifecycle: Lifecycle,
): Promise<EdgeHandler> {
  const { WEBHOOK_SECRET: secrets, WEBHOOK_SECRET_FILE: file, WEBHOOK_TOKEN: token, STATE_DIR: stateDir } = config;
  if (secrets === undefined || token === undefined || stateDir === undefined) return webhookOff;
  const { SITE_BRANCH: branch, RATE_LIMIT_PER_ADDRESS: perMinute } = config;
  const trail = createWebhookTrail({
    ...records,
    branch,
    perAddress: createMinuteLimit(perMinute),
    total: createMinuteLimit(perMinute * addressesRecorded),
  });
  const rebuilds = await openRebuilds(
    {
      stateDir,
      upstream: config.UPSTREAM_URL,
      agent,
      token,
      branch,
      intervalMs: config.WEBHOOK_INTERVAL_SECONDS * 1000,
      events: trail,
      log: records.log,
    },
    lifecycle,
  );
  return createWebhook({
    secrets: file === undefined ? async () => secrets : followSecrets({ file, first: secrets, log: records.log }),
    rebuilds,
    branch,
    maxBodyBytes: config.MAX_BODY_BYTES,
    clientAddress: config.TRUST_PROXY,
    trail,
    log: records.log,
  });
}
