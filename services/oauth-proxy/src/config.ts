import { importActorKey } from '@arleo/core/actor';
import { isRedisUrl } from '@arleo/core/oauth-state/redis/redis-url';
import { type Environment, loadConfig } from '@arleo/runtime/config/load-config';
import {
  absolutePath,
  common,
  count,
  flag,
  hopToken,
  isTakenBy,
  list,
  port,
  trustedProxies,
  url,
} from '@arleo/runtime/config/variables';
import * as z from 'zod';
import { REDIRECT_ADDRESS } from './provider/redirect-policy.ts';
import { isAppScheme, isLoopbackHost, redirectUriProblem } from './provider/redirect-uri.ts';

const schema = z.object({
  ...common,
  PORT: port(8083),
  /** The issuer: where the world reaches this service. The MCP endpoint is this + `/mcp`. */
  PUBLIC_URL: z
    .string()
    .refine(isOrigin, 'is not an https (or http) origin without path and trailing slash')
    .meta({ example: 'https://mcp.example.org' }),
  /** Tokens and passphrase travel in the clear then; only for trying out, only on loopback. */
  DANGEROUSLY_ALLOW_HTTP_ISSUER: flag(false),
  /** Where hugo-mcp-proxy listens. */
  UPSTREAM_URL: url(['http'], 'http://127.0.0.1:8084'),
  /** The token that hugo-mcp-proxy and hugo-mcp-server know this service by. */
  MCP_TOKEN: hopToken,
  /** Keys of cookies and forms are derived from it. */
  TOKEN_SECRET: z
    .string()
    .min(32, 'is shorter than 32 characters')
    .meta({ example: '64 hex digits: openssl rand -hex 32' }),
  /** Private key, EC P-256, PEM: signs who acts, for hugo-mcp-server. */
  ACTOR_KEY: z.string().refine(isTakenBy(importActorKey), 'is not an EC P-256 private key in PEM form').meta({
    example: '-----BEGIN PRIVATE KEY-----… (or give the file, with ACTOR_KEY_FILE)',
  }),
  /** JSON with the hash of the owner's passphrase. */
  OWNER_FILE: absolutePath('/etc/mcp-oauth-proxy/owner.json'),
  STATE_DIR: absolutePath('/var/lib/mcp-oauth-proxy'),
  /** The Redis in which several oauth-proxies share their state; LMDB in STATE_DIR without it. Holds a password. */
  STATE_URL: z
    .string()
    .refine(isRedisUrl, 'is not a redis:// or rediss:// URL with nothing after the number of the database')
    .optional()
    .meta({ example: 'rediss://arleo:password@redis.example.org:6379/0' }),
  AUDIT_LOG: absolutePath('/var/log/mcp-oauth-proxy/audit.jsonl'),
  /** A client that the owner sets up by hand, for clients that ask for an id and a secret. */
  CLIENT_ID: z
    .string()
    .regex(/^(?!client_)[\w.~-]{1,100}$/, 'is not 1 to 100 letters, digits or . _ ~ - (and not beginning with client_)')
    .optional()
    .meta({ example: 'claude' }),
  CLIENT_SECRET: z
    .string()
    .regex(/^[\w.~/=-]{32,200}$/, 'is not 32 to 200 letters, digits or . _ ~ - / =')
    .optional()
    .meta({ example: '64 hex digits: openssl rand -hex 32' }),
  /** Where that client is called back beside Claude's own addresses. */
  CLIENT_REDIRECT_URIS: list('', 'https://app.example.org/oauth/callback').refine(
    (uris) => uris.every((uri) => redirectUriProblem(uri) === undefined),
    "is not a list of redirect URIs (https, http on loopback, or a scheme of an app's own; no fragment, user or wildcard)",
  ),
  /** Clients may be known by a document at the https address that is their id, which is fetched from the internet. */
  CIMD: flag(true),
  /** Where other clients may have codes sent to beyond those that are known. */
  REDIRECT_HOSTS: list('', 'app.example.org, other.example.org/oauth/callback').refine(
    (addresses) => addresses.every((address) => REDIRECT_ADDRESS.test(address)),
    'is not a list of hosts in lower case, each with a path or without, and without https://',
  ),
  /** Schemes of apps that may have codes sent to them. */
  REDIRECT_SCHEMES: list('', 'my-app').refine(
    (schemes) => schemes.every(isAppScheme),
    'is not a list of schemes of apps in lower case, without colon (those that browsers or systems handle are refused)',
  ),
  /** Requests for pages in a minute from one client address, and requests that fail: tokens and codes that nobody knows. */
  RATE_LIMIT_PER_ADDRESS: count(60),
  /**
   * Requests of programs in a minute from one client address, before anybody is known: discovery; tokens. All users of
   * Claude come from a few addresses, and one client alone may refresh some tens of times at once.
   */
  RATE_LIMIT_PROGRAMS: count(600),
  /** Registrations in an hour from one client address. */
  RATE_LIMIT_REGISTRATIONS: count(200),
  /** Calls of `/mcp` in a minute by one subject through one client. */
  RATE_LIMIT_PER_SUBJECT: count(600),
  /** Whose `X-Forwarded-For` and `CF-Connecting-IP` are believed. */
  TRUST_PROXY: trustedProxies,
  /** Browser origins, beside our own, that may call `/mcp`. */
  ALLOWED_ORIGINS: list('', 'https://inspector.example.org').refine(
    (origins) => origins.every(isOrigin),
    'is not a list of origins (https or http, without path and trailing slash)',
  ),
});

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, origin } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && origin === text;
}

const checked = schema.check(({ value, issues }) => {
  const alone = (name: 'CLIENT_ID' | 'CLIENT_SECRET' | 'CLIENT_REDIRECT_URIS', other: string): void => {
    issues.push({ code: 'custom', path: [name], input: undefined, message: `is given without ${other}` });
  };
  if (value.CLIENT_ID !== undefined && value.CLIENT_SECRET === undefined) alone('CLIENT_ID', 'CLIENT_SECRET');
  if (value.CLIENT_SECRET !== undefined && value.CLIENT_ID === undefined) alone('CLIENT_SECRET', 'CLIENT_ID');
  if (value.CLIENT_REDIRECT_URIS?.length > 0 && value.CLIENT_ID === undefined)
    alone('CLIENT_REDIRECT_URIS', 'CLIENT_ID');
  // The variable's own fault is reported already.
  if (!URL.canParse(value.PUBLIC_URL)) return;
  const { protocol, hostname } = new URL(value.PUBLIC_URL);
  if (protocol === 'https:') return;
  if (isLoopbackHost(hostname) && value.DANGEROUSLY_ALLOW_HTTP_ISSUER) return;
  issues.push({
    code: 'custom',
    path: ['PUBLIC_URL'],
    input: undefined,
    message: 'must be https; http is for loopback alone, and only with DANGEROUSLY_ALLOW_HTTP_ISSUER=true',
  });
});

/** The configuration of oauth-proxy. */
export type Config = Readonly<z.output<typeof schema>>;

/** Reads the environment. @throws ConfigError with one line for each faulty variable */
export function readConfig(environment: Environment): Config {
  return loadConfig(checked, environment);
}
