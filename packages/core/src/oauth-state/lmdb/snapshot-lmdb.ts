import { chmod, rm } from 'node:fs/promises';
import { checkLmdbFile } from './check-lmdb-file.ts';
import { openExistingStore } from './lmdb-connections.ts';
import { openStore } from './open-store.ts';

/** What a snapshot holds. */
export interface Snapshot {
  entries: number;
  /** Clients' approvals among them. */
  grants: number;
}

/**
 * Copies the state in `folder` as it is at one moment into `file` (mode 0600), beside a running service: what is written
 * meanwhile is not in it, and nothing of it is half there. A file that is there is replaced. The copy is looked through
 * before it is called one; if it cannot be made, none is left.
 *
 * @throws {@link ArleoError} `state_missing`, `state_unreadable`, `state_damaged`
 * @see lmdb.h of LMDB, `mdb_env_copy2`: a copy within one read transaction
 */
export async function snapshotLmdb(folder: string, file: string): Promise<Snapshot> {
  await rm(file, { force: true });
  const store = await openExistingStore(folder);
  try {
    // Compacted: what was removed long ago still stands in free pages.
    await store.backup(file, true);
    await chmod(file, 0o600);
    checkLmdbFile(file);
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    await store.close();
  }
  return count(file);
}

async function count(file: string): Promise<Snapshot> {
  const store = openStore(file);
  try {
    const keys = [...store.getKeys()];
    return { entries: keys.length, grants: keys.filter((key) => key.startsWith('Grant:')).length };
  } finally {
    await store.close();
    await rm(`${file}-lock`, { force: true });
  }
}
