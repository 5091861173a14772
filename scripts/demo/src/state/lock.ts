import { rmSync } from 'node:fs';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { ArleoError } from '@arleo/core/errors';

/**
 * Takes the state folder for this process: two demos on one state would overwrite each other's files.
 *
 * @returns gives it back; synchronous, so that it can run while the process exits
 * @throws ArleoError `state_in_use`
 */
export async function lockState(file: string): Promise<() => void> {
  for (;;) {
    const mine = `${file}.${process.pid}`;
    await writeFile(mine, `${process.pid} ${await startTime(process.pid)}\n`, { mode: 0o600 });
    try {
      // A link comes with its content: nobody ever reads a lock that is not yet written.
      await link(mine, file);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      await rm(mine, { force: true });
    }
    const holder = await readHolder(file);
    if (holder !== undefined) {
      throw new ArleoError('state_in_use', `another demo (process ${holder}) runs on this state`, {
        hint: `Stop it (kill ${holder}), or use another folder: --state DIR --port-base N`,
      });
    }
    // Left behind by a demo that was killed; its process is gone.
    await rm(file, { force: true });
  }
}

async function readHolder(file: string): Promise<number | undefined> {
  const [pid, started] = (await readFile(file, 'utf8').catch(() => '')).trim().split(' ');
  if (!pid || !/^\d+$/.test(pid)) return undefined;
  const holder = Number(pid);
  try {
    process.kill(holder, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  // The same number may belong to another process by now: its start time tells.
  return (await startTime(holder)) === (started ?? '') ? holder : undefined;
}

/** Clock ticks after boot at which the process started (`/proc/PID/stat`, field 22); empty where there is no /proc. */
async function startTime(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
