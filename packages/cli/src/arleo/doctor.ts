import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { ArleoError } from '@arleo/core/errors';
import { examine } from '../doctor/examine.ts';
import { renderReport } from '../doctor/render.ts';
import { EXIT } from '../doctor/report.ts';
import { readAddress, readTarget } from '../doctor/target-url.ts';
import { walkHost } from '../doctor/walk-host.ts';
import { walkPublic } from '../doctor/walk-public.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { UsageError } from '../usage-error.ts';
import type { Command, CommandValues } from './command.ts';

/** `arleo doctor [URL]` */
export const doctor: Command = {
  name: 'doctor',
  argument: 'URL',
  argumentOptional: true,
  summary: 'find which layer says no, or is silent, and what mends it',
  help: `arleo doctor: walk the whole way, and tell which layer says no, or is silent, and what mends it

Usage: arleo doctor [URL] [--token-file FILE] [--address IP]

  URL                the MCP endpoint, such as https://mcp.example.org/mcp (http on loopback alone). Without it, what is
                     installed on this host is looked at, and the public address that it has; run that as root
  --token-file FILE  an access token for it: then a real call goes through all hops (site_info, which only reads)
  --address IP       call this address in the place of the one in DNS, to see the host without Cloudflare; for https and a
                     name alone, so that the certificate says whom a token goes to
  --json             one line of JSON; docs/doctor.md describes it

Everything is only read. Each look has an end, and all of them have after a minute.
Ends with 0 if all is well, ${EXIT.warning} if there are warnings only, ${EXIT.failure} if there is a failure; 1 and 2 as everywhere. docs/doctor.md
lists every finding.
`,
  options: { 'token-file': { type: 'string' }, address: { type: 'string' } },
  async run(values, env, argument, terminal) {
    const address = typeof values.address === 'string' ? readAddress(values.address) : undefined;
    if (argument === '' && address !== undefined) {
      throw new UsageError('--address is given without URL.', 'See arleo doctor --help.');
    }
    let target = argument === '' ? undefined : readTarget(argument);
    // An address of http would get the token in the clear; that of a number says itself where to call.
    if (
      address !== undefined &&
      (target?.protocol !== 'https:' || isIP(target.hostname.replace(/^\[|\]$/g, '')) !== 0)
    ) {
      throw new UsageError('--address is for an https address with a name.', 'See arleo doctor --help.');
    }
    const token = await readToken(values);
    const progress = showProgress(terminal);
    const report = await examine(
      () => target,
      async (trail) => {
        if (token !== undefined) trail.hide(token);
        if (target !== undefined) await walkPublic({ target, address, token, outside: true }, trail);
        else target = await walkHost({ token }, trail);
      },
      progress.now,
    );
    progress.end();
    const colour = process.stdout.isTTY === true && !env.NO_COLOR;
    return { text: renderReport(report, colour), value: report, exitCode: EXIT[report.worst] };
  },
};

/** No token is longer. */
const maxToken = 8_192;

async function readToken(values: CommandValues): Promise<string | undefined> {
  const file = values['token-file'];
  if (typeof file !== 'string') return undefined;
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ArleoError('token_unreadable', `The file of --token-file cannot be read (${error.code}).`, {
      hint: 'Give the path of a file with the access token in it.',
    });
  });
  const token = text.trim();
  if (token.length > maxToken || !/^[\x21-\x7e]+$/.test(token)) {
    throw new UsageError(
      'The file of --token-file holds no token.',
      'One line, with the access token and nothing else.',
    );
  }
  return token;
}

/** One line that is written over, for somebody who waits at a terminal. */
function showProgress(terminal: Terminal) {
  const clear = '\r\u001b[K';
  return {
    now: (layer: string, name: string) => {
      if (terminal.interactive) terminal.show(`${clear}${layer}: ${name} …`);
    },
    end: () => {
      if (terminal.interactive) terminal.show(clear);
    },
  };
}
