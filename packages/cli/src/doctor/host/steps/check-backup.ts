import { judgeBackup, readBackupStatus } from '@arleo/core/backup/backup-status';
import type { Found, Trail } from '../../trail.ts';

/** How the last backup of this host ended, and how old it is. */
export async function checkBackup(trail: Trail): Promise<void> {
  await trail.look('host', 'backup', 3_000, async () => {
    const verdict = judgeBackup(await readBackupStatus(), Date.now());
    const last = 'last' in verdict ? verdict.last?.at : undefined;
    const says = last === undefined ? 'none' : `the last one is of ${last}`;
    const found: Record<typeof verdict.state, Found[]> = {
      ok: [],
      never: [{ code: 'backup_missing', says }],
      failed: [{ code: 'backup_failed', says: `${'reason' in verdict ? verdict.reason : ''}; ${says}` }],
      stale: [{ code: 'backup_stale', says }],
    };
    return { says, found: found[verdict.state] };
  });
}
