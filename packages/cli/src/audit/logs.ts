import { stat } from 'node:fs/promises';
import { ArleoError } from '@arleo/core/errors';
import type { CommandValues } from '../arleo/command.ts';
import { UsageError } from '../usage-error.ts';

/** Where the units of the services write their audit logs, in the order in which a request passes them, then the programs of the host. */
export const AUDIT_LOGS: readonly string[] = ['mcp-oauth-proxy', 'hugo-mcp-proxy', 'hugo-mcp', 'arleo'].map(
  (unit) => `/var/log/${unit}/audit.jsonl`,
);

/** The option of every command that reads audit logs. */
export const logOptions = { file: { type: 'string', multiple: true } } as const;

/** Its lines of help. */
export const logOptionsHelp = `  --file PATH   an audit log (more than one may be given); default all that are on this host:
                ${AUDIT_LOGS.join('\n                ')}
                The files that were rotated away from it, compressed ones too, belong to it`;

/**
 * The audit logs that are meant.
 *
 * @throws {@link UsageError}; {@link ArleoError} `audit_missing` when none is named and none is on this host
 */
export async function auditLogs({ file }: CommandValues, usual = AUDIT_LOGS): Promise<readonly string[]> {
  const given = [file ?? []].flat() as readonly string[];
  if (given.includes('')) throw new UsageError('--file is empty.', 'Give the path of an audit log.');
  if (given.length > 0) return given;
  const there = await Promise.all(usual.map(isThere));
  const found = usual.filter((_log, index) => there[index]);
  if (found.length > 0) return found;
  throw new ArleoError('audit_missing', 'There is no audit log on this host.', {
    hint: 'Run it where a service of Arleo runs, or name a log with --file.',
  });
}

/** Also true of what may not be looked at: that is said when it is opened. */
function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT' && code !== 'ENOTDIR',
  );
}
