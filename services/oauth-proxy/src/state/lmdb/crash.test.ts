import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { openLmdbState } from './open-lmdb-state.ts';

/** Stores one grant after the other in `folder`, saying the number of each when it was acknowledged. */
const writer = `
import { open } from 'lmdb';
const store = open({ path: process.argv[1], noSubdir: true });
for (let n = 0; ; n += 1) {
  await store.transaction(() => {
    store.put('Grant:' + n, { payload: { clientId: 'a' }, expires: Number.MAX_SAFE_INTEGER });
    store.put('grant-member:' + n + ':RefreshToken:' + n, { payload: {} });
  });
  process.stdout.write(n + '\\n');
}`;

describe('state after kill -9', () => {
  it('has everything that was acknowledged, and opens at once', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'arleo-crash-'));
    const child = spawn(process.execPath, ['--input-type=module', '-e', writer, path.join(folder, 'oauth.lmdb')], {
      cwd: import.meta.dirname,
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const gone = new Promise((resolve) => child.once('close', resolve));
    let last = -1;
    for await (const line of createInterface(child.stdout)) {
      last = Number(line);
      // In the middle of the writes that follow.
      if (last === 300) child.kill('SIGKILL');
    }
    await gone;
    const state = await openLmdbState(folder, Buffer.alloc(32));
    expect(last).toBeGreaterThanOrEqual(300);
    for (let n = 0; n <= last; n += 1) expect(state.accessHolds(String(n), '')).toBe(true);
    await state.adapter('Grant').upsert('after', { clientId: 'a' }, 60);
    expect(state.accessHolds('after', '')).toBe(true);
    await state.close();
    await rm(folder, { recursive: true, force: true });
  });
});
