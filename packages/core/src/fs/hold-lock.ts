import { withLockFile } from './lock-file.ts';

/**
 * Holds a lock file until the returned function is called. The lock of a process that was killed is taken over.
 *
 * @throws {@link ArleoError} `lock_held` if another process still has it after 5 s
 */
export function holdLock(file: string): Promise<() => Promise<void>> {
  return new Promise((resolve, reject) => {
    let release = () => {};
    const released = new Promise<void>((done) => {
      release = done;
    });
    const held = withLockFile(file, () => {
      resolve(() => {
        release();
        return held;
      });
      return released;
    });
    held.catch(reject);
  });
}
