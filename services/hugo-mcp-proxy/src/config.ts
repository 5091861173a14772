import { certificateSha256 } from '@arleo/core/certificates/certificate';
import { ArleoError } from '@arleo/core/errors';
import { parseWebhookSecrets } from '@arleo/core/webhook/secrets';
import { type Environment, loadConfig } from '@arleo/runtime/config/load-config';
import {
  absolutePath,
  branchName,
  certificate,
  common,
  count,
  hopToken,
  list,
  port,
  sha256Hex,
  trustedProxies,
  url,
} from '@arleo/runtime/config/variables';
import * as z from 'zod';

const schema = z.object({
  ...common,
  PORT: port(8084),
  /** Where hugo-mcp-server listens. */
  UPSTREAM_URL: url(['https'], 'https://192.168.122.69:8000'),
  /** The one certificate that hugo-mcp-server may show. */
  UPSTREAM_CERT: certificate,
  UPSTREAM_CERT_SHA256: sha256Hex.optional(),
  /** SHA-256 of the tokens that oauth-proxy may present; two while a token is being rotated. */
  MCP_TOKEN_SHA256: list('', '64 hex digits, or two such values with a comma between')
    .transform((values) => values.map((value) => value.toLowerCase()))
    .refine((values) => values.length > 0, 'is missing')
    .refine((values) => values.every((value) => /^[0-9a-f]{64}$/.test(value)), 'is not a list of SHA-256 in hex'),
  /** Wrong tokens in a minute from one address, before it is told to wait. */
  RATE_LIMIT_PER_ADDRESS: count(60),
  /** What GitHub signs its deliveries with; two lines while it is rotated. The webhook is off without it. */
  WEBHOOK_SECRET: z
    .string()
    .transform((text, context) => {
      try {
        return parseWebhookSecrets(text);
      } catch (error) {
        if (!(error instanceof ArleoError)) throw error;
        context.addIssue(error.message);
        return z.NEVER;
      }
    })
    .optional()
    .meta({ example: 'the output of: openssl rand -hex 32' }),
  /** The file that it is in, which is read again when it changes. */
  WEBHOOK_SECRET_FILE: absolutePath('/etc/hugo-mcp-proxy/webhook-secret').optional(),
  /** The token by which hugo-mcp-server knows this service: of the scope site:pull alone. */
  WEBHOOK_TOKEN: hopToken.optional(),
  /** The branch whose pushes count. */
  SITE_BRANCH: branchName,
  /** Seconds between the beginnings of two rebuilds. */
  WEBHOOK_INTERVAL_SECONDS: count(60),
  /** What was delivered and what is still to be told. */
  STATE_DIR: absolutePath('/var/lib/hugo-mcp-proxy').optional(),
  /** Whose `X-Forwarded-For` is believed on /webhook. */
  TRUST_PROXY: trustedProxies,
  AUDIT_LOG: absolutePath('/var/log/hugo-mcp-proxy/audit.jsonl'),
});

const withoutWebhook = 'is missing, and WEBHOOK_SECRET is set';

const checked = schema
  .refine(
    ({ UPSTREAM_CERT: pem, UPSTREAM_CERT_SHA256: sha256 }) =>
      // A fault of the certificate's own is reported already.
      sha256 === undefined || !certificate.safeParse(pem).success || sha256 === certificateSha256(pem),
    {
      path: ['UPSTREAM_CERT_SHA256'],
      message:
        'is not the SHA-256 of UPSTREAM_CERT (compare with: openssl x509 -in server.crt -noout -fingerprint -sha256)',
    },
  )
  .refine(({ WEBHOOK_SECRET: secret, WEBHOOK_TOKEN: token }) => secret === undefined || token !== undefined, {
    path: ['WEBHOOK_TOKEN'],
    message: withoutWebhook,
  })
  .refine(({ WEBHOOK_SECRET: secret, STATE_DIR: dir }) => secret === undefined || dir !== undefined, {
    path: ['STATE_DIR'],
    message: withoutWebhook,
  });

/** The configuration of hugo-mcp-proxy. */
export type Config = Readonly<z.output<typeof schema>>;

/** Reads the environment. @throws ConfigError with one line for each faulty variable */
export function readConfig(environment: Environment): Config {
  return loadConfig(checked, environment);
}
