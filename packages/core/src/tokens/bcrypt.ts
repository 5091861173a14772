import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { ArleoError } from '../errors.ts';

/** log2 of the rounds of every new hash: about 250 ms of one core. */
export const BCRYPT_COST = 12;
/** bcrypt reads no byte after these; longer secrets are refused instead of being cut in silence. */
export const BCRYPT_MAX_BYTES = 72;

/**
 * The form of a hash that is compared: `$2a$`, `$2b$` or `$2y$`, cost 4 to 15. A higher cost would let whoever can
 * write the file stop the worker for hours.
 */
export const BCRYPT_HASH_PATTERN = /^\$2[aby]\$(?:0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$/;

/** bcrypt off the event loop. */
export interface Bcrypt {
  /** How many hashes or comparisons run at once. */
  readonly threads: number;
  /** @throws {@link ArleoError} `secret_too_long` */
  hash(secret: string): Promise<string>;
  /** False also for a hash that is none and for a secret of more than {@link BCRYPT_MAX_BYTES} bytes. */
  verify(secret: string, hash: string): Promise<boolean>;
  /** Ends the threads; what is under way fails. */
  close(): Promise<void>;
}

/**
 * A pool of worker threads that starts a thread when there is something to do and ends it after `idleMs` without work,
 * so that an idle service holds none.
 *
 * @param options.threads at most so many at once; by default one core is left to the event loop, and at most 2 are used
 * @param options.idleMs milliseconds, 10,000 by default
 */
export function openBcrypt(options: { threads?: number; idleMs?: number } = {}): Bcrypt {
  const { threads = Math.max(1, Math.min(2, availableParallelism() - 1)), idleMs = 10_000 } = options;
  const pool = new Piscina({
    filename: fileURLToPath(new URL('./bcrypt-worker.mjs', import.meta.url)),
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: idleMs,
    // A worker needs neither our environment (it may hold secrets) nor our loaders, and next to no memory.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
  });
  return {
    threads,
    async hash(secret) {
      if (isTooLong(secret)) {
        throw new ArleoError('secret_too_long', `A secret may have at most ${BCRYPT_MAX_BYTES} bytes.`);
      }
      return pool.run({ secret, cost: BCRYPT_COST });
    },
    async verify(secret, hash) {
      if (isTooLong(secret) || !BCRYPT_HASH_PATTERN.test(hash)) return false;
      return (await pool.run({ secret, hash })) === true;
    },
    close: () => pool.destroy(),
  };
}

function isTooLong(secret: string): boolean {
  return secret.length > BCRYPT_MAX_BYTES || Buffer.byteLength(secret) > BCRYPT_MAX_BYTES;
}
