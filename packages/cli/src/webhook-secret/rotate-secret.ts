import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ArleoError } from '@arleo/core/errors';
import { changeFile, isFileSystemError } from '@arleo/core/fs/change-file';
import { formatWebhookSecrets, parseWebhookSecrets } from '@arleo/core/webhook/secrets';

/** A secret that was made. */
export interface RotatedSecret {
  /** 256 random bits in hex. */
  secret: string;
  /** There was none before. */
  first: boolean;
}

/**
 * Puts a new secret before the one in the file, which stays valid; makes the file where there is none.
 *
 * @throws {@link ArleoError} `rotation_under_way`, `webhook_secret_invalid`, `webhook_secret_unreadable`,
 *   `webhook_secret_unwritable`, `lock_held`
 */
export function rotateSecret(file: string): Promise<RotatedSecret> {
  return changeSecrets(file, (secrets) => {
    if (secrets.length > 1) {
      throw new ArleoError('rotation_under_way', `A rotation is under way already: ${file} has two secrets.`, {
        hint: 'Put the new one into GitHub, then: arleo webhook-secret rotate --finish',
      });
    }
    const secret = randomBytes(32).toString('hex');
    return { next: [secret, ...secrets], result: { secret, first: secrets.length === 0 } };
  });
}

/**
 * Takes the old secret out of the file.
 *
 * @throws {@link ArleoError} `rotation_absent`, and as {@link rotateSecret}
 */
export function finishRotation(file: string): Promise<void> {
  return changeSecrets(file, (secrets) => {
    if (secrets.length < 2) {
      throw new ArleoError('rotation_absent', `No rotation is under way: ${file} has not two secrets.`, {
        hint: 'Begin one with: arleo webhook-secret rotate',
      });
    }
    return { next: secrets.slice(0, 1), result: undefined };
  });
}

/** Under a lock, whole or not at all, mode 0600; the file keeps its owner, a new one gets that of its folder. */
async function changeSecrets<T>(
  file: string,
  change: (secrets: readonly string[]) => { next: readonly string[]; result: T },
): Promise<T> {
  try {
    return await changeFile(file, async (target) => {
      const { next, result } = change(await readSecrets(file, target));
      return { text: formatWebhookSecrets(next), result };
    });
  } catch (error) {
    if (!isFileSystemError(error)) throw error;
    throw new ArleoError('webhook_secret_unwritable', `The secret file ${file} cannot be written (${error.code}).`, {
      cause: error,
      hint: 'Run as root or as the user of the service, and check that its folder is there and has space.',
    });
  }
}

async function readSecrets(file: string, target: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(target, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new ArleoError('webhook_secret_unreadable', `The secret file ${file} cannot be read (${code}).`, {
      cause,
      hint: 'Run as root or as the user of the service.',
    });
  }
  return parseWebhookSecrets(text);
}
