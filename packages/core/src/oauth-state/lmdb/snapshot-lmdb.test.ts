import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { keysUnder, type Store } from './entry.ts';
import { openStore, STATE_FILE } from './open-store.ts';
import { snapshotLmdb } from './snapshot-lmdb.ts';

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-snapshot-'));
  store = openStore(path.join(folder, STATE_FILE));
  await store.put('Client:claude', { payload: { client_id: 'claude' } });
  await store.put('Grant:g1', { payload: { clientId: 'claude' } });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const to = () => path.join(folder, 'copy.lmdb');

test('the snapshot of a state in use is one moment of it, and private', async () => {
  // Pairs are written together, for what is put in one turn is one transaction: a copy that holds one of a pair only is
  // of no moment. (A transaction that calls back into this thread would wait for the snapshot's opening, and that for it:
  // a service and a snapshot are two processes.)
  let written = 0;
  let going = true;
  const writing = (async () => {
    for (; going; written += 1) {
      await Promise.all([
        store.put(`Session:${written}`, { payload: { text: 'x'.repeat(2_000) } }),
        store.put(`session-uid:${written}`, { payload: {} }),
      ]);
    }
  })();
  while (written < 50) await new Promise((resolve) => setTimeout(resolve, 1));
  const snapshot = await snapshotLmdb(folder, to());
  going = false;
  await writing;

  expect(snapshot.grants).toBe(1);
  expect((await stat(to())).mode & 0o777).toBe(0o600);
  const copy: Store = openStore(to());
  const [sessions, uids] = [keysUnder(copy, 'Session:'), keysUnder(copy, 'session-uid:')];
  expect(sessions.length).toBeGreaterThanOrEqual(50);
  expect(sessions.map((key) => key.split(':')[1])).toEqual(uids.map((key) => key.split(':')[1]));
  expect(snapshot.entries).toBe(2 + 2 * sessions.length);
  await copy.close();
});

test('an earlier copy is replaced, and nothing else is left beside it', async () => {
  await writeFile(to(), 'something else');
  await expect(snapshotLmdb(folder, to())).resolves.toEqual({ entries: 2, grants: 1 });
  expect((await readdir(folder)).filter((name) => name.startsWith('copy'))).toEqual(['copy.lmdb']);
});

test('of a folder without state there is no snapshot', async () => {
  const empty = await mkdtemp(path.join(folder, 'empty-'));
  await expect(snapshotLmdb(empty, to())).rejects.toMatchObject({ code: 'state_missing' });
  await writeFile(path.join(empty, STATE_FILE), 'hello');
  await expect(snapshotLmdb(empty, to())).rejects.toMatchObject({ code: 'state_damaged' });
  expect((await readdir(folder)).includes('copy.lmdb')).toBe(false);
});
