import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Connections } from '@arleo/core/oauth-state/connections';
import { openLmdbConnections } from '@arleo/core/oauth-state/lmdb/lmdb-connections';
import { openRedisConnections } from '@arleo/core/oauth-state/redis/redis-connections';
import { startRedis } from '../../../packages/core/test/redis-server.ts';
import { openLmdbState } from '../src/state/lmdb/open-lmdb-state.ts';
import { openRedisState } from '../src/state/redis/open-redis-state.ts';
import { openRedisLink } from '../src/state/redis/redis-link.ts';
import type { State } from '../src/state/state.ts';

/** Where one state is kept, which can be closed and opened again. */
export interface StateHome {
  /** @param network of whoever sends the requests */
  open(now: () => number, network?: () => string): Promise<State>;
  /** The owner's view of the same state, beside a running service. */
  connections(now: () => number): Promise<Connections>;
  remove(): Promise<void>;
}

/** Every store that there is: what the port promises holds for each of them. */
export const stateStores: readonly { name: string; create(): Promise<StateHome> }[] = [
  { name: 'LMDB', create: createLmdbHome },
  { name: 'Redis', create: createRedisHome },
];

async function createLmdbHome(): Promise<StateHome> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-state-'));
  return {
    open: (now, network) => openLmdbState(folder, Buffer.alloc(32), now, network),
    connections: (now) => openLmdbConnections(folder, now),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function createRedisHome(): Promise<StateHome> {
  const redis = await startRedis();
  return {
    async open(now, network) {
      const link = openRedisLink(redis.url, Buffer.alloc(32, 1), silent);
      await link.connected();
      // Nothing is believed: the tests' clock stands still.
      return openRedisState(link, now, 0, network);
    },
    connections: (now) => openRedisConnections(redis.url, now),
    remove: () => redis.dispose(),
  };
}

/** A log that nobody reads. */
const silent = { debug() {}, info() {}, warn() {}, error() {} };
