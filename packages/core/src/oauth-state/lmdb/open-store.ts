import { open, type RootDatabaseOptionsWithPath } from 'lmdb';
import { checkLmdbFile } from './check-lmdb-file.ts';
import type { Store } from './entry.ts';

/** The name of the file in the state folder of oauth-proxy. */
export const STATE_FILE = 'oauth.lmdb';

/** The file holds client secrets: nobody else may read it, whatever the folder's mode. */
const mode = 0o600;

/**
 * Opens the state in `file`, which is made if it is absent. Several processes may have it open at the same time.
 *
 * @throws {@link ArleoError} `state_damaged`
 */
export function openStore<Payload extends object>(file: string): Store<Payload> {
  checkLmdbFile(file);
  const options: RootDatabaseOptionsWithPath & { permissionsMode: number } = {
    path: file,
    noSubdir: true,
    permissionsMode: mode,
  };
  return open(options);
}
