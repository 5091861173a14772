import { readFile } from 'node:fs/promises';

/** Kernel clock ticks in a second, as Linux shows them to programs (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** Processor time that a process has taken so far, in milliseconds, in its own code and in the kernel. */
export async function cpuMs(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name, in brackets, may have spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

/** The worker of the nginx whose pid file this is. */
export async function nginxWorker(pidFile: string): Promise<number> {
  const master = (await readFile(pidFile, 'utf8')).trim();
  const children = await readFile(`/proc/${master}/task/${master}/children`, 'utf8');
  return Number(children.trim().split(' ')[0]);
}
