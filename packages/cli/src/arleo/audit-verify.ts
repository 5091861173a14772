import { setTimeout as sleep } from 'node:timers/promises';
import { openTrail } from '@arleo/core/audit/open-trail';
import { type TrailFault, type TrailVerdict, verifyTrail } from '@arleo/core/audit/verify-trail';
import { auditLogs, logOptions, logOptionsHelp } from '../audit/logs.ts';
import { printable } from '../terminal/printable.ts';
import { UsageError } from '../usage-error.ts';
import type { Command } from './command.ts';

/** `arleo audit verify` */
export const auditVerify: Command = {
  name: 'audit verify',
  summary: 'check that no line of the audit logs was changed, removed or moved',
  help: `arleo audit verify: check that no line of the audit logs was changed, removed, added or moved

Usage: arleo audit verify [--expect HASH] [--file PATH]

  --expect HASH the hash of a last line that was printed before: it has to be in one of the logs still
${logOptionsHelp}
  --json        one line of JSON instead of text, errors too

Each line holds the SHA-256 of the one before, across rotated files and restarts. Files that rotation removed are no fault, as
long as the log says so itself; nor is a line that a crash tore. What the logs alone cannot tell is that lines were cut off at
the end while the service was stopped, or that a whole log was written anew: keep the hash that this prints on another machine,
and give it with --expect. Ends with 1 if anything is wrong. Run it with sudo.
`,
  options: { ...logOptions, expect: { type: 'string' } },
  async run(values) {
    const { expect } = values;
    if (expect !== undefined && !/^[0-9a-f]{64}$/.test(String(expect))) {
      throw new UsageError('--expect is no hash.', 'Give 64 hex digits, as arleo audit verify prints them.');
    }
    const expected = expect === undefined ? undefined : String(expect);
    const logs: (TrailVerdict & { log: string })[] = [];
    for (const log of await auditLogs(values)) logs.push({ log, ...(await verify(log, expected)) });
    const found = expected === undefined ? null : logs.some(({ expectedFound }) => expectedFound === true);
    const whole = logs.every(({ faultCount }) => faultCount === 0);
    const told = logs.map(({ ok: _both, expectedFound: _each, ...log }) => ({ ...log, ok: log.faultCount === 0 }));
    const missing =
      found === false ? 'The expected hash is in none of them: lines were cut off, or a log was written anew.\n' : '';
    return {
      text: told.map(describe).join('') + missing,
      value: { ok: whole && found !== false, expected_found: found, logs: told },
      exitCode: whole && found !== false ? 0 : 1,
    };
  },
};

/** Looks again when the fault is the last line: it may be one that is being written at this moment. */
async function verify(log: string, expected: string | undefined): Promise<TrailVerdict> {
  for (let look = 1; ; look += 1) {
    const trail = await openTrail(log);
    const verdict = await verifyTrail(trail, expected).finally(() => trail.close());
    const unfinished = verdict.faultCount === 1 && verdict.faults[0]?.file === log && verdict.lastLineOpen;
    if (!unfinished || look === 3) return verdict;
    await sleep(200);
  }
}

function describe(log: Omit<TrailVerdict, 'expectedFound'> & { log: string }): string {
  const { files, lines, from, to, last, faultCount, faults, torn, removedThrough } = log;
  const place = ({ file, line, problem }: TrailFault): string =>
    `  ${file}, line ${line}: ${printable(problem, 400)}\n`;
  const many = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
  const events = from === null ? '' : `, from ${from} to ${to}`;
  return [
    `${log.log}: ${faultCount === 0 ? 'whole' : many(faultCount, 'fault')}, ${many(lines, 'line')} in ${many(files, 'file')}${events}\n`,
    ...(removedThrough === null ? [] : [`  begins after file number ${removedThrough}, which rotation removed\n`]),
    ...torn.map((one) => place({ ...one, problem: 'torn by a crash, as the service found at its next start' })),
    ...faults.map(place),
    ...(faults.length < faultCount ? [`  … and ${faultCount - faults.length} more\n`] : []),
    `  last line's hash: ${last}\n`,
  ].join('');
}
