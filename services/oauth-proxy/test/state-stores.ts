import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Connections } from '@arleo/core/oauth-state/connections';
import { openLmdbConnections } from '@arleo/core/oauth-state/lmdb/lmdb-connections';
import { openLmdbState } from '../src/state/lmdb/open-lmdb-state.ts';
import type { State } from '../src/state/state.ts';

/** Where one state is kept, which can be closed and opened again. */
export interface StateHome {
  open(now: () => number): Promise<State>;
  /** The owner's view of the same state, beside a running service. */
  connections(now: () => number): Promise<Connections>;
  remove(): Promise<void>;
}

/** Every store that there is: what the port promises holds for each of them. */
export const stateStores: readonly { name: string; create(): Promise<StateHome> }[] = [
  { name: 'LMDB', create: createLmdbHome },
];

async function createLmdbHome(): Promise<StateHome> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-state-'));
  return {
    open: (now) => openLmdbState(folder, now),
    connections: (now) => openLmdbConnections(folder, now),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
