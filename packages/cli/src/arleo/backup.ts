import { BACKUP_STATUS_FILE, judgeBackup, readBackupStatus } from '@arleo/core/backup/backup-status';
import { ArleoError } from '@arleo/core/errors';
import { UsageError } from '../usage-error.ts';
import type { Command } from './command.ts';
import { stateFolder } from './state-place.ts';

/** `arleo backup status` */
export const backupStatus: Command = {
  name: 'backup status',
  summary: 'show how the last backup of this host ended; fails if there is none to rely on',
  help: `arleo backup status: show how the last backup of this host ended

Usage: arleo backup status [--file PATH]

  --file PATH   what backup.sh wrote down; default ${BACKUP_STATUS_FILE}
  --json        one line of JSON instead of text, errors too

Ends with 1 if the last backup failed, is older than 36 hours, or if there is none.
`,
  options: { file: { type: 'string' } },
  async run({ file }) {
    const verdict = judgeBackup(await readBackupStatus(typeof file === 'string' ? file : undefined), Date.now());
    if (verdict.state === 'never') {
      throw new ArleoError('backup_missing', 'No backup of this host was made.', {
        hint: 'Name your key in /etc/arleo/backup.conf, then: systemctl start arleo-backup.',
      });
    }
    if (verdict.state === 'failed') {
      throw new ArleoError('backup_failed', `The last backup failed: ${verdict.reason}.`, {
        hint: `The last good one is ${verdict.last ? `of ${verdict.last.at}` : 'not there'}. See journalctl -u arleo-backup.`,
      });
    }
    const { at, archive, sha256, bytes, files } = verdict.last;
    if (verdict.state === 'stale') {
      throw new ArleoError('backup_stale', `The last backup is of ${at}.`, {
        hint: 'See systemctl status arleo-backup.timer, and whether the clock is right.',
      });
    }
    const text = `${archive}\n  made     ${at}\n  holds    ${files} files, ${bytes} bytes encrypted\n  sha256   ${sha256}\n`;
    return { text, value: verdict.last };
  },
};

/** `arleo backup snapshot FILE` */
export const backupSnapshot: Command = {
  name: 'backup snapshot',
  argument: 'FILE',
  summary: 'copy the state of a running oauth-proxy as it is at one moment',
  help: `arleo backup snapshot: copy the state of a running oauth-proxy as it is at one moment

Usage: arleo backup snapshot FILE [--state DIR]

  FILE          where to; the file is replaced
  --state DIR   STATE_DIR of oauth-proxy; default $STATE_DIR, else /var/lib/mcp-oauth-proxy
  --json        one line of JSON instead of text, errors too

backup.sh does this as the user of the service, into memory. Nothing is stopped. The copy has mode 0600 and takes the place of
oauth.lmdb in STATE_DIR, while oauth-proxy is stopped.
`,
  options: { state: { type: 'string' } },
  async run(values, env, file) {
    // Only this command needs the native part of LMDB.
    const { snapshotLmdb } = await import('@arleo/core/oauth-state/lmdb/snapshot-lmdb');
    const { entries, grants } = await snapshotLmdb(stateFolder(values, env), file);
    return { text: `Copied: ${entries} entries, ${grants} of them approvals.\n`, value: { file, entries, grants } };
  },
};

/** `arleo backup record` */
export const backupRecord: Command = {
  name: 'backup record',
  summary: 'write down how a backup ended, as backup.sh does',
  help: `arleo backup record: write down how a backup ended, for the audit log and for arleo backup status

Usage: arleo backup record --archive PATH --sha256 HEX --bytes N --files N --oauth-state lmdb|redis|none
       arleo backup record --failed REASON

  --file PATH       default ${BACKUP_STATUS_FILE}
  --audit-log PATH  default /var/log/arleo/audit.jsonl
  --json            one line of JSON instead of text, errors too
`,
  options: {
    archive: { type: 'string' },
    sha256: { type: 'string' },
    bytes: { type: 'string' },
    files: { type: 'string' },
    'oauth-state': { type: 'string' },
    failed: { type: 'string' },
    file: { type: 'string' },
    'audit-log': { type: 'string' },
  },
  async run(values) {
    const { failed, archive, sha256, bytes, files, file, 'oauth-state': oauthState } = values;
    const at = new Date().toISOString();
    const { recordBackup, successSchema } = await import('@arleo/core/backup/backup-status');
    const { recordOnce } = await import('@arleo/runtime/logging/record-once');
    const to = typeof file === 'string' ? file : undefined;
    const log = typeof values['audit-log'] === 'string' ? values['audit-log'] : undefined;
    if (typeof failed === 'string') {
      await recordBackup({ last_failure: { at, reason: failed } }, to);
      await recordOnce({ event_type: 'backup.failed', result: 'failure', reason: failed }, log);
      return { text: '', value: { recorded: 'failure' } };
    }
    const success = successSchema.safeParse({
      ...{ at, archive, sha256, oauth_state: oauthState },
      ...{ bytes: Number(bytes), files: Number(files) },
    });
    if (!success.success) {
      const named = success.error.issues[0]?.path.join('.') ?? '';
      throw new UsageError(`--${named.replace('_', '-')} is missing or wrong.`, 'See arleo backup record --help.');
    }
    await recordBackup({ last_success: success.data }, to);
    await recordOnce(
      {
        event_type: 'backup.made',
        result: 'success',
        resource: success.data.archive,
        details: { sha256: success.data.sha256, bytes: success.data.bytes },
      },
      log,
    );
    return { text: '', value: { recorded: 'success' } };
  },
};
