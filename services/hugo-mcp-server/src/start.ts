import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { openActorVerifier } from '@arleo/core/actor';
import { identityFiles } from '@arleo/core/certificates/identity-files';
import { holdLock } from '@arleo/core/fs/hold-lock';
import { openBcrypt } from '@arleo/core/tokens/bcrypt';
import { openTokenStore } from '@arleo/core/tokens/token-store';
import { VERSION } from '@arleo/core/version';
import { createStanding } from '@arleo/runtime/disks/standing';
import { openClientAddress } from '@arleo/runtime/http/client-address';
import { createMinuteLimit } from '@arleo/runtime/limits/minute-limit';
import type { Lifecycle } from '@arleo/runtime/serve/lifecycle';
import { openRecords } from '@arleo/runtime/serve/open-records';
import type { RunningServer } from '@arleo/runtime/serve/serve';
import { serveEdge } from '@arleo/runtime/serve/serve-edge';
import type { Config } from './config.ts';
import { openContent } from './content/open-content.ts';
import { createAuthenticate } from './http/authenticate.ts';
import { CERTIFICATES_PATH, createCertificatesEndpoint, noteCertificate } from './http/certificates.ts';
import { checkToken } from './http/check-token.ts';
import { createReadiness, siteDetails } from './http/readiness.ts';
import { createCallerRefusal } from './http/refuse-caller.ts';
import { createSitePullEndpoint } from './http/site-pull.ts';
import { createMcpEndpoint } from './mcp/mcp-endpoint.ts';
import { createPageResources } from './mcp/page-resources.ts';
import { createPrompts } from './mcp/prompts.ts';
import { createPlugins } from './publish/plugins.ts';
import { createHugo } from './site/hugo-command.ts';
import { openServedCertificates } from './tls/served-certificates.ts';
import { allTools } from './tools/all-tools.ts';

const hop = 'hugo-mcp-server';

/**
 * Opens everything that hugo-mcp-server is made of, and serves.
 *
 * @param hooks.onPrepared told when the work that the start left behind is over and the site was prepared
 */
export async function start(
  config: Config,
  lifecycle: Lifecycle,
  { onPrepared = () => {} }: { onPrepared?: () => void } = {},
): Promise<RunningServer> {
  const records = await openRecords(hop, config, lifecycle);
  const { log, audit } = records;

  await mkdir(config.STATE_DIR, { recursive: true, mode: 0o750 });
  // Two services on one state folder would each take the other's changes back.
  const release = await holdLock(path.join(config.STATE_DIR, 'service.lock'));
  lifecycle.onClose('lock of the state folder', release);

  const { TLS_KEY_FILE: keyFile, TLS_CERT_FILE: certFile } = config;
  const certificates = await openServedCertificates(
    {
      files: keyFile && certFile ? identityFiles({ key: keyFile, certificate: certFile }) : undefined,
      given: { key: config.TLS_KEY, certificate: config.TLS_CERT },
      stateDir: config.STATE_DIR,
      records,
    },
    lifecycle,
  );

  const bcrypt = openBcrypt();
  lifecycle.onClose('bcrypt threads', () => bcrypt.close());
  const tokens = await openTokenStore({ file: config.TOKENS_FILE, bcrypt });
  lifecycle.onClose('token store', () => tokens.close());
  tokens.onChange(({ type, id }) => audit.record({ event_type: `token.${type}`, result: 'success', resource: id }));
  tokens.onProblem((problem) =>
    problem
      ? log.error('the token file cannot be used', { error: problem })
      : log.info('the token file is whole again'),
  );

  const hugo = createHugo({
    bin: config.HUGO_BIN,
    siteDir: config.SITE_DIR,
    home: path.join(config.STATE_DIR, 'home'),
    searchPath: config.PATH,
    ...(config.HUGO_BASEURL && { env: { HUGO_BASEURL: config.HUGO_BASEURL } }),
  });
  const places = {
    siteDir: config.SITE_DIR,
    stateDir: config.STATE_DIR,
    publicLink: config.PUBLIC_LINK ?? path.join(config.STATE_DIR, 'public'),
    searchPath: config.PATH,
    publishing: {
      plugins: createPlugins(config),
      deploy: config.DEPLOY_CMD && { argv: config.DEPLOY_CMD, timeoutMs: config.DEPLOY_TIMEOUT_SECONDS * 1000 },
    },
    repository: { branch: config.SITE_BRANCH, submodules: config.SITE_SUBMODULES },
  };
  const limits = {
    buildTimeoutMs: config.BUILD_TIMEOUT_SECONDS * 1000,
    answerWithinMs: config.ANSWER_SECONDS * 1000,
    uploadMaxBytes: config.UPLOAD_MAX_BYTES,
  };
  const { reader, editor, assets, builds, lastPublished, readable, pull, prepared } = await openContent(
    hugo,
    places,
    limits,
    log,
    lifecycle,
  );

  const refuseCaller = createCallerRefusal({ failures: createMinuteLimit(config.RATE_LIMIT_PER_ADDRESS), audit });
  const resources = createPageResources(reader);
  const mcp = createMcpEndpoint({
    resources,
    prompts: createPrompts(reader, resources),
    tools: allTools(reader, editor, assets),
    version: VERSION,
    audit,
    log,
    authenticate: noteCertificate(
      createAuthenticate(tokens, await openActorVerifier(config.ACTOR_PUBLIC_KEY)),
      certificates,
    ),
    refuseCaller,
    maxBodyBytes: config.MAX_BODY_BYTES,
    bodyDecidesVersion: config.TOLERANT_PROTOCOL_HEADER,
  });
  const sitePull = createSitePullEndpoint({ tokens, refuseCaller, pull, audit, log });
  const offer = createCertificatesEndpoint({ certificates, tokens, refuseCaller, log });
  const server = await serveEdge({
    hop,
    config,
    lifecycle,
    records,
    trustRequestId: true,
    clientAddress: openClientAddress([]),
    guard: { origins: new Set() },
    // hugo-mcp-proxy's host has a token between the hops, and sees from there what this one stands on.
    insider: async (request, context) => 'id' in (await checkToken(tokens, request, context)),
    ready: createReadiness({
      hugo,
      standing: createStanding(
        [config.SITE_DIR, config.STATE_DIR, path.dirname(config.AUDIT_LOG)],
        () => certificates.offered().present,
      ),
      site: () => siteDetails(builds.lastBuild(), lastPublished()),
      readable,
      tokens,
    }),
    mcp,
    rest: (request, response, context) =>
      (context.path === CERTIFICATES_PATH ? offer : sitePull)(request, response, context),
    tls: certificates.tls,
  });
  certificates.follow(server.show);
  prepared.then(onPrepared, () => {});
  return server;
}
