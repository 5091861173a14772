import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { ArleoError } from '@arleo/core/errors';
import { CODE_SECONDS, matchCode, type SecondFactor } from '@arleo/core/mfa/second-factor';
import { type OwnerFile, readOwnerFile } from '@arleo/core/owner/owner-file';
import { canonicalPassphrase } from '@arleo/core/owner/passphrase';
import type { Bcrypt } from '@arleo/core/tokens/bcrypt';
import { createBcryptQueue } from '@arleo/core/tokens/bcrypt-queue';

/** What somebody gave to log in. */
export interface Credentials {
  passphrase: string;
  /** A code of the owner's app, or a recovery code; looked at only if the owner has set that up. */
  code: string;
}

/** How a login ended. Which of the two was wrong is for the audit log alone. */
export type LoginVerdict =
  | { outcome: 'right'; by: 'passphrase' | 'code' | 'recovery_code'; version: string }
  | { outcome: 'wrong'; reason: 'wrong_passphrase' | 'wrong_code' | 'replayed_code' }
  /** So many wait to be compared that this one was not. */
  | { outcome: 'busy' };

/** The one person who may log in. */
export interface Owner {
  /** Why nobody could log in; undefined if the owner can. */
  problem(): Promise<string | undefined>;
  /**
   * True if a login takes a code, too.
   *
   * @throws {@link ArleoError} `owner_unreadable` when OWNER_FILE is missing or damaged
   */
  asksCode(): Promise<boolean>;
  /**
   * Another one after every change of the passphrase or the second factor; it tells nothing of either.
   *
   * @throws {@link ArleoError} `owner_unreadable` when OWNER_FILE is missing or damaged
   */
  version(): Promise<string>;
  /**
   * Compares what was given with what the owner has. A code counts once, on all replicas together.
   *
   * @param known from a browser that the owner has used: it is never turned away, and goes before all others
   * @throws {@link ArleoError} `owner_unreadable` when OWNER_FILE is missing or damaged
   */
  check(credentials: Credentials, known: boolean): Promise<LoginVerdict>;
  /**
   * False for a login from before the passphrase or the second factor were changed. No clock decides it: one that was wrong
   * would lock the owner out.
   *
   * @param version the {@link Owner.version} that {@link LoginVerdict} gave
   */
  loginHolds(version: string | undefined): Promise<boolean>;
}

/** What {@link openOwner} needs. */
export interface OwnerOptions {
  file: string;
  bcrypt: Bcrypt;
  /** True for the first who claims a name: see the state. */
  claim(name: string, seconds: number): Promise<boolean>;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** Comparisons that may wait: each takes a core for a quarter of a second. */
const maxWaiting = 32;

/** For good: a recovery code that was used is never good again, and OWNER_FILE is not the service's to change. */
const forGoodSeconds = 100 * 365 * 24 * 3600;

/** Opens OWNER_FILE; it is read again when it changed, so that a new passphrase counts without a restart. */
export function openOwner({ file, bcrypt, claim, now = Date.now }: OwnerOptions): Owner {
  let read: { stamp: string; content: OwnerFile } | undefined;
  const queue = createBcryptQueue({ threads: bcrypt.threads, maxWaiting });
  const content = async (): Promise<OwnerFile> => {
    try {
      const { mtimeMs, ino, size } = await stat(file);
      const stamp = `${mtimeMs} ${ino} ${size}`;
      if (read?.stamp !== stamp) read = { stamp, content: await readOwnerFile(file) };
      return read.content;
    } catch (cause) {
      throw new ArleoError('owner_unreadable', `The owner file ${file} is missing or damaged.`, { cause });
    }
  };

  /** How a code is wrong, or what kind it is. */
  const checkCode = async (totp: SecondFactor, code: string) => {
    const match = matchCode(totp, code, now());
    if (match === undefined) return 'wrong_code';
    const first =
      match.kind === 'recovery'
        ? await claim(`recovery:${match.hash}`, forGoodSeconds)
        : match.step > totp.last_step && (await claim(`totp:${totp.enabled_at}:${match.step}`, CODE_SECONDS));
    if (!first) return 'replayed_code';
    return match.kind === 'recovery' ? 'recovery_code' : 'code';
  };

  return {
    async problem() {
      return content().then(
        () => undefined,
        (error: Error) => error.message,
      );
    },
    asksCode: async () => (await content()).totp !== undefined,
    version: async () => versionOf(await content()),
    async check({ passphrase, code }, known) {
      const file = await content();
      const { passphrase_hash, totp } = file;
      const typed = canonicalPassphrase(passphrase);
      const compare = async (): Promise<LoginVerdict> => {
        // The passphrase first, always and alone: whoever does not know it learns nothing of a code, and uses none up.
        if (typed === '' || !(await bcrypt.verify(typed, passphrase_hash))) {
          return { outcome: 'wrong', reason: 'wrong_passphrase' };
        }
        const by = totp ? await checkCode(totp, code) : 'passphrase';
        if (by === 'wrong_code' || by === 'replayed_code') return { outcome: 'wrong', reason: by };
        return { outcome: 'right', by, version: versionOf(file) };
      };
      return known ? queue.runFirst(compare) : (queue.run(compare) ?? { outcome: 'busy' });
    },
    loginHolds: (version) =>
      content().then(
        (file) => version === versionOf(file),
        () => false,
      ),
  };
}

function versionOf({ passphrase_hash, totp }: OwnerFile): string {
  return createHash('sha256')
    .update(JSON.stringify([passphrase_hash, totp?.secret]))
    .digest('base64url');
}
