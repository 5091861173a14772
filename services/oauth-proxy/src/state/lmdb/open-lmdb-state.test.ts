import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openLmdbState } from './open-lmdb-state.ts';

describe('the file of the state', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'arleo-state-'));
  let time = 1_800_000_000_000;
  const open = () => openLmdbState(folder, Buffer.alloc(32), () => time);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('can be read by nobody else, in an open folder too', async () => {
    await (await open()).close();
    expect(statSync(path.join(folder, 'oauth.lmdb')).mode & 0o077).toBe(0);
  });

  it('is swept of what has expired when it is opened', async () => {
    const before = await open();
    await before.adapter('AuthorizationCode').upsert('stale', { clientId: 'a' }, 1);
    time += 2_000;
    await before.close();
    const after = await open();
    time -= 2_000;
    expect(await after.adapter('AuthorizationCode').find('stale')).toBeUndefined();
    await after.close();
  });
});
