import { hash as digest } from 'node:crypto';
import type { TokenScope } from '../scopes.ts';
import { createAttemptLimiter } from './attempt-limiter.ts';
import type { Bcrypt } from './bcrypt.ts';
import { createBcryptQueue } from './bcrypt-queue.ts';
import { parseToken } from './token.ts';
import { type KnownToken, refusal } from './token-snapshot.ts';

/** How long a verified token is remembered, in milliseconds since the file was last known to be unchanged. */
export const REMEMBER_MS = 5000;
/** A remembered token that is used after this long is verified again in the background. */
const refreshMs = REMEMBER_MS / 2;
/** How old the knowledge of the file may be before an unknown token is looked up in it again. */
const unknownCheckMs = 1000;
const attemptLimit = { attempts: 10, windowMs: 60_000, maxAddresses: 10_000 } as const;
const maxWaiting = 16;
const maxKnown = 1000;

/** What became of a presented token. `mismatch`: there is such an entry, and the secret is another. */
export type TokenVerdict =
  | { ok: true; id: string; label: string; scopes: ReadonlySet<TokenScope> }
  | {
      ok: false;
      reason: 'malformed' | 'unknown' | 'expired' | 'revoked' | 'mismatch' | 'limited';
      /** With `limited`: when to try again. */
      retryAfterSeconds?: number;
    };

/** The state of the token file as the verifier needs it. */
export interface TokenSource {
  /** By the public part; a new map for each state of the file. */
  current(): ReadonlyMap<string, KnownToken>;
  /** When the file was last looked at. */
  checkedAt(): number;
  /** Looks at the file now; the time at or after which `current` was true. */
  check(): Promise<number>;
}

/** Checks presented tokens. */
export interface TokenVerifier {
  verify(presented: string, address: string): TokenVerdict | Promise<TokenVerdict>;
  /** Ends all memory of verified tokens: the file is another. */
  forget(): void;
  /** Resolves when no verification is under way. */
  settled(): Promise<void>;
}

/** A token that was verified: by `verdict`, as long as `at` is not too long ago. */
interface Remembered {
  token: KnownToken;
  verdict: TokenVerdict;
  /** The file was looked at then and the secret fitted what stood in it. */
  at: number;
  refreshing: boolean;
}

/** Leave to spend a bcrypt: before all others, or as one of the attempts of an address; or the refusal. */
interface Admission {
  first: boolean;
  refused?: TokenVerdict;
}

/** What a verification that cannot be answered at once goes by. */
interface Attempt {
  sha256: string;
  lookup: string;
  secret: string;
  address: string;
}

/**
 * A verifier that spends one bcrypt per token and 5 seconds at most: verified tokens are remembered by their SHA-256,
 * those in steady use are verified again in the background, and failures are limited per address before any bcrypt.
 *
 * @param options.now milliseconds since 1970
 */
export function createTokenVerifier(options: {
  source: TokenSource;
  bcrypt: Bcrypt;
  now: () => number;
}): TokenVerifier {
  const { source, bcrypt, now } = options;
  const limiter = createAttemptLimiter(attemptLimit);
  const queue = createBcryptQueue({ threads: bcrypt.threads, maxWaiting });
  /** By SHA-256 of the token. */
  const remembered = new Map<string, Remembered>();
  /** The bcrypt hash that a token once fitted. It lets bcrypt be spent on the token; it never authenticates. */
  const known = new Map<string, string>();
  /** Verifications under way, so that the same token is not compared twice at once. */
  const pending = new Map<string, Promise<TokenVerdict>>();

  function verify(presented: string, address: string): TokenVerdict | Promise<TokenVerdict> {
    const parts = parseToken(presented);
    if (parts === undefined) return { ok: false, reason: 'malformed' };
    const time = now();
    const attempt = { ...parts, sha256: digest('sha256', presented, 'hex'), address };
    return recall(attempt, time) ?? verifyAnew(attempt, time);
  }

  function recall(attempt: Attempt, time: number): TokenVerdict | undefined {
    const memory = remembered.get(attempt.sha256);
    if (memory === undefined) return undefined;
    const age = time - memory.at;
    if (age < 0 || age >= REMEMBER_MS) {
      remembered.delete(attempt.sha256);
      return undefined;
    }
    const reason = refusal(memory.token, time);
    if (reason !== undefined) return { ok: false, reason };
    if (age >= refreshMs && !memory.refreshing) refresh(memory, attempt);
    return memory.verdict;
  }

  function verifyAnew(attempt: Attempt, time: number): TokenVerdict | Promise<TokenVerdict> {
    const token = source.current().get(attempt.lookup);
    const reason = refusal(token, time);
    if (reason !== undefined && (reason !== 'unknown' || isFresh(time))) return { ok: false, reason };
    const shared = pending.get(attempt.sha256);
    if (shared !== undefined) return shared;
    // Before anything is spent, not even a look at the file.
    const admission = token === undefined ? undefined : admit(attempt, token);
    return admission?.refused ?? share(attempt, admission);
  }

  function isFresh(time: number): boolean {
    const age = time - source.checkedAt();
    return age >= 0 && age < unknownCheckMs;
  }

  function share(attempt: Attempt, admission: Admission | undefined): Promise<TokenVerdict> {
    let verdict = pending.get(attempt.sha256);
    if (verdict === undefined) {
      verdict = verifySlowly(attempt, admission).finally(() => pending.delete(attempt.sha256));
      pending.set(attempt.sha256, verdict);
    }
    return verdict;
  }

  function refresh(memory: Remembered, attempt: Attempt): void {
    memory.refreshing = true;
    // A failure (the pool is closing) leaves the memory to its end; the next verification tells the caller.
    share(attempt, { first: true })
      .catch(() => {})
      .finally(() => {
        memory.refreshing = false;
      });
  }

  /** Takes an attempt of this address, unless the token once fitted the hash that counts. */
  function admit({ sha256, address }: Attempt, token: KnownToken): Admission {
    if (known.get(sha256) === token.hash) return { first: true };
    const retryAfterSeconds = limiter.take(address, now());
    return retryAfterSeconds === undefined
      ? { first: false }
      : { first: false, refused: { ok: false, reason: 'limited', retryAfterSeconds } };
  }

  /** With a look at the file first: what is remembered counts from that look. */
  async function verifySlowly(attempt: Attempt, admitted: Admission | undefined): Promise<TokenVerdict> {
    const at = await source.check();
    const token = source.current().get(attempt.lookup);
    const reason = refusal(token, now());
    const admission = admitted ?? (token === undefined || reason !== undefined ? undefined : admit(attempt, token));
    let verdict: TokenVerdict = { ok: false, reason: reason ?? 'unknown' };
    if (admission?.refused !== undefined) return admission.refused;
    if (token !== undefined && reason === undefined && admission !== undefined) {
      verdict = await compare(attempt, token, admission.first, at);
    }
    const failed = !verdict.ok && verdict.reason === 'mismatch';
    if (admission?.first === false && !failed) limiter.giveBack(attempt.address, now());
    return verdict;
  }

  async function compare(attempt: Attempt, token: KnownToken, first: boolean, at: number): Promise<TokenVerdict> {
    const before = source.current();
    const job = () => bcrypt.verify(attempt.secret, token.hash);
    const fits = await (first ? queue.runFirst(job) : queue.run(job));
    if (fits === undefined) return { ok: false, reason: 'limited', retryAfterSeconds: 1 };
    if (!fits) return { ok: false, reason: 'mismatch' };
    know(attempt.sha256, token.hash);
    // The file may have changed while bcrypt ran; the hash that the secret fitted must still be the one that counts.
    const after = source.current();
    const current = after.get(attempt.lookup);
    const reason = current?.hash === token.hash ? refusal(current, now()) : 'unknown';
    if (current === undefined || reason !== undefined) return { ok: false, reason: reason ?? 'unknown' };
    const verdict: TokenVerdict = { ok: true, id: current.id, label: current.label, scopes: current.scopes };
    if (after === before) remembered.set(attempt.sha256, { token: current, verdict, at, refreshing: false });
    return verdict;
  }

  function know(sha256: string, hash: string): void {
    known.delete(sha256);
    known.set(sha256, hash);
    if (known.size > maxKnown) known.delete(known.keys().next().value ?? '');
  }

  return {
    verify,
    forget: () => remembered.clear(),
    async settled() {
      await Promise.allSettled(pending.values());
    },
  };
}
