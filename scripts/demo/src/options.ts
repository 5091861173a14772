import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ArleoError } from '@arleo/core/errors';
import { CHECKOUT } from './checkout.ts';

/** What the demo was asked to do. Paths are absolute. */
export interface DemoOptions {
  /** The owner's own Hugo site; absent = the example. */
  site?: string;
  state: string;
  /** The https address that leads to oauth-proxy from outside, without a slash at its end; absent = loopback only. */
  publicUrl?: string;
  ports: Ports;
  json: boolean;
  smoke: boolean;
}

/** One loopback port per process. */
export interface Ports {
  'oauth-proxy': number;
  'hugo-mcp-proxy': number;
  'hugo-mcp-server': number;
  site: number;
}

/** The ports of the quick start. */
export const DEFAULT_PORTS: Readonly<Ports> = {
  'oauth-proxy': 8083,
  'hugo-mcp-proxy': 8084,
  'hugo-mcp-server': 8000,
  site: 8080,
};

/** The files and the folder by which Hugo finds a site's configuration. */
const SITE_CONFIGURATION = [
  ...['hugo', 'config'].flatMap((name) => ['toml', 'yaml', 'yml', 'json'].map((ending) => `${name}.${ending}`)),
  'config',
];

/** True if the folder holds a Hugo configuration. */
export function isHugoSite(folder: string): boolean {
  return SITE_CONFIGURATION.some((name) => existsSync(path.join(folder, name)));
}

/**
 * Reads the command line; demo.sh has made the same checks before it installed anything.
 *
 * @throws ArleoError `usage` with what is wrong and, as hint, what is right
 */
export function parseOptions(args: readonly string[]): DemoOptions {
  const { site, state, 'port-base': portBase, 'public-url': publicUrl, json, smoke } = readArguments(args);
  const options: DemoOptions = {
    state: path.resolve(state ?? path.join(CHECKOUT, '.arleo')),
    ports: portBase === undefined ? { ...DEFAULT_PORTS } : portsFrom(portBase),
    json,
    smoke,
  };
  if (site !== undefined) {
    options.site = checkSite(path.resolve(site));
  }
  if (publicUrl !== undefined) {
    if (smoke) throw usage('--smoke tries the addresses on loopback: leave --public-url out');
    options.publicUrl = checkPublicUrl(publicUrl);
  }
  return options;
}

function readArguments(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        site: { type: 'string' },
        state: { type: 'string' },
        'port-base': { type: 'string' },
        'public-url': { type: 'string' },
        json: { type: 'boolean', default: false },
        smoke: { type: 'boolean', default: false },
      },
      strict: true,
      allowPositionals: false,
    });
    return values;
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message : String(cause));
  }
}

function portsFrom(text: string): Ports {
  const base = Number(text);
  if (!/^\d{1,5}$/.test(text) || base < 1 || base > 65_532) {
    throw usage(`--port-base must be a number from 1 to 65532 (four ports are used), not "${text}"`);
  }
  return { 'oauth-proxy': base, 'hugo-mcp-proxy': base + 1, 'hugo-mcp-server': base + 2, site: base + 3 };
}

function checkPublicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.href !== `${url.origin}/`) {
    throw usage(`--public-url must be an https address without a path, like https://mcp.example.org, not "${text}"`);
  }
  return url.origin;
}

function checkSite(folder: string): string {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw usage(`--site: there is no folder ${folder}`);
  }
  if (!isHugoSite(folder)) {
    throw usage(`--site: ${folder} is not a Hugo site (it has none of ${SITE_CONFIGURATION.join(', ')})`);
  }
  return folder;
}

function usage(message: string): ArleoError {
  return new ArleoError('usage', message, { hint: 'See: scripts/demo.sh --help' });
}
