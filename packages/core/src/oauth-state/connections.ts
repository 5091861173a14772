import { chown, stat } from 'node:fs/promises';
import path from 'node:path';
import { ArleoError } from '../errors.ts';
import { keysUnder, type Store } from './entry.ts';
import { lastUse, removeGrant } from './grants.ts';
import { openStore, STATE_FILE } from './open-store.ts';

/** A client to which the owner gave access. */
export interface Connection {
  /** The client's id. */
  id: string;
  /** The name that the client gave itself; nobody has checked it. */
  name: string | null;
  /** Where the client is answered: hosts, or the schemes of apps. */
  hosts: string[];
  /** What the owner granted, in all of its grants together. */
  scopes: string[];
  /** When the owner approved it first and last. */
  first_approved: Date;
  last_approved: Date;
  /** When its access was last used, to the minute; null if never. */
  last_used: Date | null;
  /** When its access ends if it is not used again. */
  expires: Date | null;
}

/** The connections of a site, in the state of oauth-proxy, whether that runs or not. */
export interface Connections {
  /** All of them, the last used first. */
  list(): Connection[];
  /**
   * Ends all access of a client at once: a running oauth-proxy refuses its next call.
   *
   * @returns how many grants there were
   * @throws {@link ArleoError} `connection_unknown`
   */
  revoke(id: string): Promise<number>;
  close(): Promise<void>;
}

/** Where it stands that the owner revoked a grant, until oauth-proxy has put it into its audit log. */
export const REVOCATION_NOTICES = 'revocation-notice:';

/** What a notice says. */
export interface RevocationNotice {
  grantId: string;
  clientId: string;
  /** Milliseconds since 1970. */
  at: number;
}

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
export async function openConnections(folder: string, now: () => number = Date.now): Promise<Connections> {
  const file = path.join(folder, STATE_FILE);
  const store = await openExisting(file);

  const grants = (): { id: string; clientId: string; payload: Payload; expires: number | undefined }[] =>
    keysUnder(store, 'Grant:').flatMap((key) => {
      const { payload, expires } = store.get(key) ?? {};
      const alive = payload?.clientId !== undefined && (expires === undefined || expires > now());
      return alive ? [{ id: key.slice('Grant:'.length), clientId: payload.clientId as string, payload, expires }] : [];
    });

  const describe = (id: string, own: ReturnType<typeof grants>): Connection => {
    const client = store.get(`Client:${id}`)?.payload;
    const approved = own.map(({ payload }) => (payload.iat ?? 0) * 1000);
    const used = own.map((grant) => store.get(lastUse(grant.id))?.payload.last ?? 0);
    const ends = own.map(({ expires }) => expires ?? Number.POSITIVE_INFINITY);
    const scopes = own.flatMap(({ payload }) =>
      Object.values(payload.resources ?? {})
        .join(' ')
        .split(' '),
    );
    return {
      id,
      name: client?.client_name ?? null,
      hosts: [...new Set((client?.redirect_uris ?? []).map(hostOf))],
      scopes: [...new Set(scopes)].filter((scope) => scope !== '').sort(),
      first_approved: new Date(Math.min(...approved)),
      last_approved: new Date(Math.max(...approved)),
      last_used: Math.max(...used) === 0 ? null : new Date(Math.max(...used)),
      expires: Number.isFinite(Math.max(...ends)) ? new Date(Math.max(...ends)) : null,
    };
  };

  return {
    list() {
      const byClient = new Map<string, ReturnType<typeof grants>>();
      for (const grant of grants()) byClient.set(grant.clientId, [...(byClient.get(grant.clientId) ?? []), grant]);
      const latest = ({ last_used, last_approved }: Connection): number => Number(last_used ?? last_approved);
      return [...byClient].map(([id, own]) => describe(id, own)).sort((a, b) => latest(b) - latest(a));
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
      if (count === 0) {
        throw new ArleoError('connection_unknown', `No connection has the id ${JSON.stringify(id.slice(0, 100))}.`, {
          hint: 'arleo connections list shows the ids.',
        });
      }
      return count;
    },
    close: () => store.close(),
  };
}

async function openExisting(file: string): Promise<Store<Payload>> {
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

/** The host of an address, or its scheme where a host means nothing. */
function hostOf(uri: string): string {
  const { protocol, host } = new URL(uri);
  return protocol === 'https:' || protocol === 'http:' ? host : protocol;
}
