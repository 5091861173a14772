import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createGit } from './git.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'git-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('a git that hangs is ended in time, with everything that it started', async () => {
  const child = path.join(dir, 'child');
  await writeFile(path.join(dir, 'git'), `#!/bin/sh\nsleep 60 &\necho $! > "${child}"\nwait\n`, { mode: 0o755 });
  const searchPath = `${dir}:${process.env.PATH}`;
  const git = createGit({ gitDir: path.join(dir, 'g'), workTree: dir, searchPath, timeoutMs: 1000 });
  await expect(git.run(['commit'], { allow: [128] })).rejects.toMatchObject({
    code: 'git_failed',
    message: expect.stringContaining('could not be written: git commit: it was stopped after 1 s'),
  });
  await expect(git.run(['log'])).rejects.toMatchObject({ message: expect.stringContaining('could not be read') });
  const pid = Number(await readFile(child, 'utf8'));
  while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
});
