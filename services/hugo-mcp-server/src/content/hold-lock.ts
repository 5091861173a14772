import { withLockFile } from '@arleo/core/fs/lock-file';

/**
 * Holds a lock file until the returned function is called: two services on one state folder would each take the other's
 * changes back. The lock of a service that was killed is taken over.
 *
 * @throws {@link ArleoError} `lock_held` if another service still has it after 5 s
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
