import { readFile } from 'node:fs/promises';

/** Which run of the machine this is; empty where the system does not say. */
export async function bootId(): Promise<string> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
}
