import { existsSync } from 'node:fs';
import type { CertificateFacts } from '@arleo/core/certificates/certificate';
import {
  type PinnedCertificates,
  pinnedCertificates,
  type ServerCertificates,
  serverCertificates,
} from '@arleo/core/certificates/status';
import { ArleoError } from '@arleo/core/errors';
import { certOptions, certOptionsHelp, pairOf, placeOf, withFiles } from './cert-places.ts';
import type { Command } from './command.ts';

/** `arleo cert show` */
export const certShow: Command = {
  name: 'cert show',
  summary: 'show the certificate between the services, until when, and who has pinned it',
  help: `arleo cert show: show the certificate between hugo-mcp-proxy and hugo-mcp-server

Usage: arleo cert show [--cert FILE] [--key FILE] [--state DIR] [--pinned FILE] [--pinned-state DIR]

On the host of hugo-mcp-server: what it shows, until when, and which hosts call by which certificate.
${certOptionsHelp}
  --state DIR   STATE_DIR of hugo-mcp-server; default $STATE_DIR, else /var/lib/hugo-mcp

On the host of hugo-mcp-proxy: which certificates it takes.
  --pinned FILE       the certificate that you gave it; default $UPSTREAM_CERT_FILE, else /etc/hugo-mcp-proxy/server.crt
  --pinned-state DIR  STATE_DIR of hugo-mcp-proxy; default $PROXY_STATE_DIR, else /var/lib/hugo-mcp-proxy

  --json        one line of JSON instead of text, errors too

No key is shown. Run it as root.
`,
  options: {
    ...certOptions,
    state: { type: 'string' },
    pinned: { type: 'string' },
    'pinned-state': { type: 'string' },
  },
  async run(values, env) {
    const files = pairOf(values, env);
    const pinned = placeOf('pinned', values, env);
    const [server, proxy] = await withFiles(files.certificate, () =>
      Promise.all([
        existsSync(files.certificate) ? serverCertificates(files, placeOf('state', values, env), Date.now()) : null,
        existsSync(pinned) ? pinnedCertificates(pinned, placeOf('pinned-state', values, env)) : null,
      ]),
    );
    if (server === null && proxy === null) {
      throw new ArleoError('certificate_missing', `There is neither ${files.certificate} nor ${pinned}.`, {
        hint: 'Make the first one on the host of hugo-mcp-server: arleo cert create',
      });
    }
    const text = [...(server ? describeServer(server) : []), ...(proxy ? describePinned(proxy) : [])];
    return { text: `${text.join('\n')}\n`, value: { server, proxy } };
  },
};

function describeServer({ in_force, due, next, next_in_use_since, clients }: ServerCertificates): string[] {
  const used = next_in_use_since === null ? 'not by every caller yet' : `since ${next_in_use_since}`;
  return [
    'hugo-mcp-server',
    ...describe('in force', in_force, due ? ', due to be renewed' : ''),
    ...(next ? [...describe('next', next), `  in use    ${used}`] : []),
    ...clients.map(({ address, by, pins, since }) => {
      const told = pins.length === 0 ? '' : `, has pinned ${pins.map(short).join(' and ')}`;
      return `  caller    ${address} by ${short(by)}${told} (since ${since})`;
    }),
  ];
}

function describePinned({ configured, present, next }: PinnedCertificates): string[] {
  return [
    'hugo-mcp-proxy',
    ...describe('pinned', present),
    ...(next ? describe('and', next) : []),
    ...(configured.sha256 === present.sha256
      ? []
      : [`  from      ${short(configured.sha256)}, the one that you put there`]),
  ];
}

function describe(what: string, { sha256, not_after, names }: CertificateFacts, more = ''): string[] {
  return [
    `  ${what.padEnd(9)} ${sha256}`,
    `            until ${not_after}${more}`,
    `            for ${names.join(', ')}`,
  ];
}

/** As much of a SHA-256 as tells two apart. */
function short(sha256: string): string {
  return sha256.slice(0, 16);
}
