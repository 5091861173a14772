import { readFile, stat } from 'node:fs/promises';
import { parseWebhookSecrets } from '@arleo/core/webhook/secrets';
import type { Log } from '@arleo/runtime/logging/log';

/** The secrets that are valid at the moment, the newest first. */
export type Secrets = () => Promise<readonly string[]>;

/**
 * Follows a secret file, so that a rotation needs no restart: it is looked at for every delivery and read again when it
 * has changed. While it cannot be read or is not what it should be, what was read last stays valid.
 *
 * @param first what the file held at the start
 */
export function followSecrets({ file, first, log }: { file: string; first: readonly string[]; log: Log }): Secrets {
  let secrets = first;
  let seen: string | undefined;
  return async () => {
    let now: string | undefined;
    try {
      const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
      now = `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
      if (now !== seen) secrets = parseWebhookSecrets(await readFile(file, 'utf8'));
    } catch (error) {
      now = `unusable: ${(error as NodeJS.ErrnoException).code}`;
      if (now !== seen) log.error('the webhook secret cannot be read again: the last one stays valid', { file, error });
    }
    seen = now;
    return secrets;
  };
}
