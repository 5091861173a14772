import { type Connection, type Connections, isSetUpByOwner } from '@arleo/core/oauth-state/connections';
import { printable } from '../terminal/printable.ts';
import type { Command, CommandValues } from './command.ts';
import {
  stateOptions as options,
  stateOptionsHelp as optionsHelp,
  type StatePlace,
  statePlace,
} from './state-place.ts';

/** `arleo connections list` */
export const connectionsList: Command = {
  name: 'connections list',
  summary: 'show the clients that may act on the site, and when they last did',
  help: `arleo connections list: show the clients to which the owner gave access, the last used first

Usage: arleo connections list [--state DIR | --state-url URL]

${optionsHelp}

The name is the client's own claim; the hosts are where it was answered. Run it on the host of oauth-proxy, as root or as the
user of the service.
`,
  options,
  run: (values, env) =>
    withConnections(values, env, async (connections) => {
      const list = await connections.list();
      const text = list.length === 0 ? 'No client has access.\n' : list.map(describe).join('\n');
      return { text, value: { connections: list } };
    }),
};

/** `arleo connections revoke ID` */
export const connectionsRevoke: Command = {
  name: 'connections revoke',
  argument: 'ID',
  summary: 'end all access of a client at once',
  help: `arleo connections revoke: end all access of a client

Usage: arleo connections revoke ID [--state DIR | --state-url URL]

  ID            the client's id, as arleo connections list shows it
${optionsHelp}

Its access tokens and refresh tokens are refused from the next request on, where several services share a Redis within a
second by all of them; nothing is restarted. A call that is under way
is not broken off. To come back, the client has to be approved again. oauth-proxy writes it to its audit log.
`,
  options,
  run: (values, env, id) =>
    withConnections(values, env, async (connections) => {
      const grants = await connections.revoke(id);
      const text = `Revoked: ${id} has no access any more (${grants} ${grants === 1 ? 'approval' : 'approvals'}).\n`;
      return { text, value: { id, revoked: true, grants } };
    }),
};

async function withConnections<T>(
  values: CommandValues,
  env: NodeJS.ProcessEnv,
  act: (connections: Connections) => Promise<T>,
): Promise<T> {
  const connections = await openConnections(statePlace(values, env));
  try {
    return await act(connections);
  } finally {
    await connections.close();
  }
}

async function openConnections(place: StatePlace): Promise<Connections> {
  // Only these commands need a database, and the native part of LMDB.
  if ('url' in place) {
    const { openRedisConnections } = await import('@arleo/core/oauth-state/redis/redis-connections');
    return openRedisConnections(place.url);
  }
  const { openLmdbConnections } = await import('@arleo/core/oauth-state/lmdb/lmdb-connections');
  return openLmdbConnections(place.folder);
}

function describe({ id, name, hosts, scopes, first_approved, last_used, expires }: Connection): string {
  const time = (date: Date): string => date.toISOString().replace(/:\d\d\.\d{3}Z$/, 'Z');
  return `${id}
  name       ${name === null ? '(none)' : JSON.stringify(printable(name, 80))} (its own claim)
  hosts      ${hosts.join(', ') || (isSetUpByOwner({ id, hosts }) ? '(set up by CLIENT_ID)' : '(not known any more)')}
  scopes     ${scopes.join(', ')}
  approved   ${time(first_approved)}
  last used  ${last_used === null ? 'never' : time(last_used)}
  ends       ${expires === null ? 'never' : `${time(expires)} if it is not used again`}
`;
}
