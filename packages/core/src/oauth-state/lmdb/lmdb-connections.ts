import { chown, stat } from 'node:fs/promises';
import path from 'node:path';
import { ArleoError } from '../../errors.ts';
import {
  type Connections,
  clientKey,
  connectionsOf,
  connectionUnknown,
  type RevocationNotice,
} from '../connections.ts';
import { keysUnder, type Store } from './entry.ts';
import { lastUse, removeGrant } from './grants.ts';
import { openStore, STATE_FILE } from './open-store.ts';

/** Where the notices of revocations stand. */
export const REVOCATION_NOTICES = 'revocation-notice:';

interface Payload {
  clientId?: string;
  iat?: number;
  resources?: Record<string, string>;
  client_name?: string;
  redirect_uris?: string[];
  last?: number;
}

/**
 * Opens the state of oauth-proxy in `folder`, beside a running service.
 *
 * @throws {@link ArleoError} `state_missing`, `state_unreadable`, `state_damaged`
 */
export async function openLmdbConnections(folder: string, now: () => number = Date.now): Promise<Connections> {
  const store = await openExistingStore<Payload>(folder);

  const grants = () =>
    keysUnder(store, 'Grant:').flatMap((key) => {
      const { payload, expires } = store.get(key) ?? {};
      const alive = payload?.clientId !== undefined && (expires === undefined || expires > now());
      return alive ? [{ id: key.slice('Grant:'.length), ...payload, clientId: String(payload.clientId), expires }] : [];
    });

  return {
    async list() {
      const own = grants().map((grant) => ({ ...grant, lastUsed: store.get(lastUse(grant.id))?.payload.last }));
      return connectionsOf(own, (id) => store.get(clientKey(id))?.payload);
    },
    async revoke(id) {
      const count = await store.transaction(() => {
        const own = grants().filter(({ clientId }) => clientId === id);
        for (const grant of own) {
          removeGrant(store, grant.id);
          const notice: RevocationNotice = { grantId: grant.id, clientId: id, at: now() };
          store.put(`${REVOCATION_NOTICES}${grant.id}`, { payload: notice as Payload });
        }
        return own.length;
      });
      await store.flushed;
      if (count === 0) throw connectionUnknown(id);
      return count;
    },
    close: () => store.close(),
  };
}

/**
 * Opens the state in `folder`, which must be there.
 *
 * @throws {@link ArleoError} `state_missing`, `state_unreadable`, `state_damaged`
 */
export async function openExistingStore<Payload extends object>(folder: string): Promise<Store<Payload>> {
  const file = path.join(folder, STATE_FILE);
  try {
    const { uid, gid } = await stat(file);
    const store = openStore<Payload>(file);
    // LMDB makes its lock file when there is none: the service has to be able to open it, too.
    if (process.getuid?.() === 0) await chown(`${file}-lock`, uid, gid);
    return store;
  } catch (cause) {
    if (cause instanceof ArleoError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw new ArleoError('state_missing', `There is no state of oauth-proxy in ${path.dirname(file)}.`, {
        cause,
        hint: 'Name its STATE_DIR with --state.',
      });
    }
    throw new ArleoError('state_unreadable', `The state ${file} cannot be opened (${code ?? String(cause)}).`, {
      cause,
      hint: 'Run as root or as the user of the service.',
    });
  }
}
