import { setTimeout as sleep } from 'node:timers/promises';
import { readEvent } from '@arleo/core/audit/chain';
import { parseCount } from '../audit/count.ts';
import { type FollowedLog, followLog } from '../audit/follow-log.ts';
import { auditLogs, logOptions, logOptionsHelp } from '../audit/logs.ts';
import { printJson, printLine } from '../audit/print-event.ts';
import type { Command } from './command.ts';

/** Milliseconds between two looks at the files. */
const lookMs = 300;

/** `arleo audit tail` */
export const auditTail: Command = {
  name: 'audit tail',
  summary: 'show the last events of the audit logs, and with -f those that come',
  help: `arleo audit tail: show the last events of the audit logs

Usage: arleo audit tail [-f] [-n N] [--file PATH]

  -f, --follow  go on with what comes, also when a log goes on in a new file, until Ctrl-C
  -n, --lines N as many as there are shown first; default 10, at most 10000
${logOptionsHelp}
  --json        the events as JSON, one a line, errors too

Times are UTC. Of what callers wrote, control characters are left out (with --json: escaped). Run it with sudo.
`,
  options: {
    ...logOptions,
    follow: { type: 'boolean', short: 'f' },
    lines: { type: 'string', short: 'n' },
  },
  async run(values) {
    const count = parseCount(values.lines, '--lines', 10, [0, 10_000]);
    const logs: FollowedLog[] = [];
    for (const file of await auditLogs(values)) logs.push(await followLog(file, count));
    const print = values.json === true ? printJson : printLine;
    const last = inOrder(logs.flatMap((log) => log.last)).slice(count === 0 ? Number.POSITIVE_INFINITY : -count);
    const text = last.map(print).join('');
    if (values.follow === true) return { text, more: follow(logs, print) };
    for (const log of logs) await log.close();
    return { text };
  },
};

async function* follow(logs: readonly FollowedLog[], print: (line: string) => string): AsyncGenerator<string> {
  try {
    for (;;) {
      let lines: string[] = [];
      // No spread into arguments: after a pause there may be more lines than a call can have.
      for (const log of logs) lines = lines.concat(await log.look());
      for (const line of inOrder(lines)) yield print(line);
      await sleep(lookMs);
    }
  } finally {
    for (const log of logs) await log.close();
  }
}

/** By time; a line that is no event stays behind the one before it. */
function inOrder(lines: readonly string[]): string[] {
  let time = '';
  const timed = lines.map((line) => {
    const read = readEvent(line);
    if (typeof read !== 'string') time = read.event.timestamp;
    return { line, time };
  });
  return timed.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)).map(({ line }) => line);
}
