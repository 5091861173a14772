import { createPrivateKey, X509Certificate } from 'node:crypto';
import { importActorPublicKey } from '@arleo/core/actor';
import { identityFiles, readIdentities } from '@arleo/core/certificates/identity-files';
import { UPLOAD_LIMIT_BYTES } from '@arleo/core/content/asset-arguments';
import { type Environment, loadConfig } from '@arleo/runtime/config/load-config';
import {
  absolutePath,
  branchName,
  certificate,
  common,
  count,
  flag,
  isTakenBy,
  port,
} from '@arleo/runtime/config/variables';
import * as z from 'zod';
import { givenTogether, pluginSettings } from './publish/plugins.ts';

/** A program and its arguments as a JSON list: no shell reads it. */
const argv = z
  .string()
  .transform((text, context) => {
    const parsed = argvSchema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    context.addIssue('is not a JSON list of texts that begins with the absolute path of a program');
    return z.NEVER;
  })
  .meta({ example: '["/usr/local/bin/deploy","--fast"]' });

const argvSchema = z.tuple([z.string().regex(/^\/[^\0]+$/)], z.string().regex(/^[^\0]*$/));

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const variables = z.object({
  ...common,
  PORT: port(8000),
  /** Private key of the certificate, PEM. */
  TLS_KEY: z
    .string()
    .refine(isTakenBy(createPrivateKey), 'is not a private key in PEM form, without a passphrase')
    .meta({
      example: '-----BEGIN PRIVATE KEY-----… (or give the file, with TLS_KEY_FILE)',
    }),
  /** The file that it is in, which is read again when it changes, and `next.key` beside it. */
  TLS_KEY_FILE: absolutePath('/etc/hugo-mcp/server.key').optional(),
  /** The certificate that hugo-mcp-proxy pins. */
  TLS_CERT: certificate,
  /** The file that it is in, which is read again when it changes, and `next.crt` beside it. */
  TLS_CERT_FILE: absolutePath('/etc/hugo-mcp/server.crt').optional(),
  TOKENS_FILE: absolutePath('/var/lib/hugo-mcp/tokens.json'),
  /** Public key of oauth-proxy's ACTOR_KEY, PEM. */
  ACTOR_PUBLIC_KEY: z
    .string()
    .refine(isTakenBy(importActorPublicKey), 'is not an EC P-256 public key in PEM form')
    .meta({
      example: '-----BEGIN PUBLIC KEY-----… (or give the file, with ACTOR_PUBLIC_KEY_FILE)',
    }),
  /** The Hugo site. */
  SITE_DIR: absolutePath('/srv/site'),
  /** History, releases and scratch folders. */
  STATE_DIR: absolutePath('/var/lib/hugo-mcp'),
  /** The symlink to the live release; STATE_DIR/public if absent. */
  PUBLIC_LINK: absolutePath('/var/lib/hugo-mcp/public').optional(),
  /** The branch of the site's own repository that is pulled after a push; hugo-mcp-proxy has the same. */
  SITE_BRANCH: branchName,
  /** Whether a pull brings submodules to the commits that it names. */
  SITE_SUBMODULES: flag(false),
  HUGO_BIN: z.string().min(1).default('hugo').meta({ example: '/usr/bin/hugo' }),
  /** Base URL to build with, instead of the one in the site's configuration. */
  HUGO_BASEURL: z.url('is not a URL').optional().meta({ example: 'https://www.example.org/' }),
  /** After this many seconds Hugo is stopped. */
  BUILD_TIMEOUT_SECONDS: count(300),
  /** After this many seconds a write is answered, whether its build has ended or not: clients give up at about 60. */
  ANSWER_SECONDS: count(45),
  /** Where hugo and git are looked for, and what they look for. */
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin').meta({ example: '/usr/local/bin:/usr/bin:/bin' }),
  /** A program and its arguments, run when a release went live. */
  DEPLOY_CMD: argv.optional(),
  DEPLOY_TIMEOUT_SECONDS: count(60),
  ...pluginSettings,
  /** The largest file that can be uploaded, decoded, in bytes. */
  UPLOAD_MAX_BYTES: count(10 * 1024 * 1024, 1024).refine(
    (bytes) => bytes <= UPLOAD_LIMIT_BYTES,
    `is more than ${UPLOAD_LIMIT_BYTES}`,
  ),
  /** Where header and body name different protocol revisions, the body is believed instead of refusing the call. */
  TOLERANT_PROTOCOL_HEADER: flag(false),
  AUDIT_LOG: absolutePath('/var/log/hugo-mcp/audit.jsonl'),
  /** Refused callers in a minute from one address, before it is told to wait. */
  RATE_LIMIT_PER_ADDRESS: count(60),
});

/** Room for a call's other arguments and for JSON-RPC around them, in bytes. */
const besideUpload = 64 * 1024;

const schema = variables.superRefine((values, context) => {
  for (const names of givenTogether) {
    const missing = names.filter((name) => values[name as keyof typeof values] === undefined);
    if (missing.length === names.length) continue;
    for (const name of missing)
      context.addIssue({ code: 'custom', path: [name], message: `is missing beside ${names.join(' and ')}` });
  }
  const { UPLOAD_MAX_BYTES, MAX_BODY_BYTES } = values;
  const needed = Math.ceil(UPLOAD_MAX_BYTES / 3) * 4 + besideUpload;
  if (MAX_BODY_BYTES >= needed) return;
  context.addIssue({
    code: 'custom',
    path: ['MAX_BODY_BYTES'],
    message: `is too small for uploads of UPLOAD_MAX_BYTES in base64: it takes ${needed}`,
  });
});

const checked = schema.check(({ value: { TLS_KEY: key, TLS_CERT: cert, ...files }, issues }) => {
  // The variables' own faults are reported already.
  if (!isTakenBy(createPrivateKey)(key) || !certificate.safeParse(cert).success) return;
  if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)) || hasWholePair(files)) return;
  issues.push({
    code: 'custom',
    path: ['TLS_KEY'],
    input: undefined,
    message: 'is not the private key of TLS_CERT',
  });
});

/** In the middle of a change of both files the pair is one of the next certificate. */
function hasWholePair({
  TLS_KEY_FILE: key,
  TLS_CERT_FILE: cert,
}: Pick<z.output<typeof schema>, 'TLS_KEY_FILE' | 'TLS_CERT_FILE'>): boolean {
  if (key === undefined || cert === undefined) return false;
  return isTakenBy(() => readIdentities(identityFiles({ key, certificate: cert })))('');
}

/** The configuration of hugo-mcp-server. */
export type Config = Readonly<z.output<typeof schema>>;

/** Reads the environment. @throws ConfigError with one line for each faulty variable */
export function readConfig(environment: Environment): Config {
  return loadConfig(checked, environment);
}
