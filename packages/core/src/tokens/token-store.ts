import { hash as digest } from 'node:crypto';
import type { ArleoError } from '../errors.ts';
import type { Scope } from '../scopes.ts';
import { createAttemptLimiter } from './attempt-limiter.ts';
import type { Bcrypt } from './bcrypt.ts';
import { createBcryptQueue } from './bcrypt-queue.ts';
import { parseToken } from './token.ts';
import { watchTokenFile } from './token-file-watch.ts';
import {
  changesBetween,
  EMPTY_SNAPSHOT,
  type KnownToken,
  refusal,
  snapshotOf,
  type TokenChange,
} from './token-snapshot.ts';

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
  | { ok: true; id: string; label: string; scopes: ReadonlySet<Scope> }
  | {
      ok: false;
      reason: 'malformed' | 'unknown' | 'expired' | 'revoked' | 'mismatch' | 'limited';
      /** With `limited`: when to try again. */
      retryAfterSeconds?: number;
    };

/** The tokens of a file, ready to be checked on every request. */
export interface TokenStore {
  /**
   * Checks a token as it was presented. A token in steady use gets its verdict at once, not as a promise.
   *
   * @param address of the client, for the limit on failed attempts
   */
  verify(presented: string, address: string): TokenVerdict | Promise<TokenVerdict>;
  /** Calls the listener for every change of the file that is seen; gives the function that ends it. */
  onChange(listener: (change: TokenChange) => void): () => void;
  /** Calls the listener when the file becomes unusable (with the reason) or whole again (undefined). */
  onProblem(listener: (problem: ArleoError | undefined) => void): () => void;
  /** False while the file is missing or damaged: then no token is accepted. */
  ready(): boolean;
  /** Why it is not ready. */
  problem(): ArleoError | undefined;
  close(): Promise<void>;
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

/**
 * Opens the store on a token file, which may be missing or damaged: then it is not ready, and becomes so when the file
 * is whole.
 *
 * @param options.now milliseconds since 1970
 * @param options.watch false: no file watch, only the stat every `pollMs`
 * @param options.pollMs milliseconds, 2,000 by default
 */
export async function openTokenStore(options: {
  file: string;
  bcrypt: Bcrypt;
  now?: () => number;
  watch?: boolean;
  pollMs?: number;
}): Promise<TokenStore> {
  const { file, bcrypt, now = Date.now } = options;
  const limiter = createAttemptLimiter(attemptLimit);
  const queue = createBcryptQueue({ threads: bcrypt.threads, maxWaiting });
  const changeListeners = new Set<(change: TokenChange) => void>();
  const problemListeners = new Set<(problem: ArleoError | undefined) => void>();

  /** The last whole state, which changes are told from, and what tokens are looked up in: nothing if it is damaged. */
  let snapshot = EMPTY_SNAPSHOT;
  let tokens: ReadonlyMap<string, KnownToken> = new Map();
  let problem: ArleoError | undefined;
  let started = false;
  let closed = false;
  /** Counts the states of the file. */
  let generation = 0;
  /** By SHA-256 of the token. Emptied by every change of the file. */
  const remembered = new Map<string, Remembered>();
  /** The bcrypt hash that a token once fitted. It lets bcrypt be spent on the token; it never authenticates. */
  const known = new Map<string, string>();
  /** Verifications under way, so that the same token is not compared twice at once. */
  const pending = new Map<string, Promise<TokenVerdict>>();

  const watcher = await watchTokenFile({
    file,
    now,
    watch: options.watch ?? true,
    pollMs: options.pollMs ?? 2000,
    onState(state) {
      generation += 1;
      remembered.clear();
      const before = problem;
      if ('problem' in state) {
        problem = state.problem;
        tokens = new Map();
        if (before?.message !== problem.message) notify(problemListeners, problem);
        return;
      }
      problem = undefined;
      const after = snapshotOf(state.content);
      tokens = after.byLookup;
      const changes = started ? changesBetween(snapshot, after) : [];
      snapshot = after;
      started = true;
      if (before !== undefined) notify(problemListeners, undefined);
      for (const change of changes) notify(changeListeners, change);
    },
  });

  function verify(presented: string, address: string): TokenVerdict | Promise<TokenVerdict> {
    const parts = parseToken(presented);
    if (parts === undefined) return { ok: false, reason: 'malformed' };
    const time = now();
    const sha256 = digest('sha256', presented, 'hex');
    const memory = remembered.get(sha256);
    if (memory !== undefined) {
      const age = time - memory.at;
      if (age >= 0 && age < REMEMBER_MS) {
        const reason = refusal(memory.token, time);
        if (reason !== undefined) return { ok: false, reason };
        if (age >= refreshMs && !memory.refreshing) refresh(memory, sha256, parts.lookup, parts.secret);
        return memory.verdict;
      }
      remembered.delete(sha256);
    }
    const token = tokens.get(parts.lookup);
    const reason = refusal(token, time);
    if (reason !== undefined && (reason !== 'unknown' || isFresh(time))) return { ok: false, reason };
    const shared = pending.get(sha256);
    if (shared !== undefined) return shared;
    // Before anything is spent, not even a look at the file.
    const admission = token === undefined ? undefined : admit(sha256, token, address);
    if (admission?.refused !== undefined) return admission.refused;
    return share(sha256, () => verifySlowly(sha256, parts.lookup, parts.secret, address, admission));
  }

  function isFresh(time: number): boolean {
    const age = time - watcher.checkedAt();
    return age >= 0 && age < unknownCheckMs;
  }

  function share(sha256: string, begin: () => Promise<TokenVerdict>): Promise<TokenVerdict> {
    let verdict = pending.get(sha256);
    if (verdict === undefined) {
      verdict = begin().finally(() => pending.delete(sha256));
      pending.set(sha256, verdict);
    }
    return verdict;
  }

  function refresh(memory: Remembered, sha256: string, lookup: string, secret: string): void {
    memory.refreshing = true;
    // A failure (the pool is closing) leaves the memory to its end; the next verification tells the caller.
    share(sha256, () => verifySlowly(sha256, lookup, secret, '', { first: true }))
      .catch(() => {})
      .finally(() => {
        memory.refreshing = false;
      });
  }

  /** Takes an attempt of this address, unless the token once fitted the hash that counts. */
  function admit(sha256: string, token: KnownToken, address: string): Admission {
    if (known.get(sha256) === token.hash) return { first: true };
    const retryAfterSeconds = limiter.take(address, now());
    return retryAfterSeconds === undefined
      ? { first: false }
      : { first: false, refused: { ok: false, reason: 'limited', retryAfterSeconds } };
  }

  /** With a look at the file first: what is remembered counts from that look. */
  async function verifySlowly(
    sha256: string,
    lookup: string,
    secret: string,
    address: string,
    admitted: Admission | undefined,
  ): Promise<TokenVerdict> {
    const at = await watcher.check(0);
    const token = tokens.get(lookup);
    const reason = refusal(token, now());
    const admission =
      admitted ?? (token === undefined || reason !== undefined ? undefined : admit(sha256, token, address));
    let verdict: TokenVerdict = { ok: false, reason: reason ?? 'unknown' };
    if (admission?.refused !== undefined) verdict = admission.refused;
    else if (token !== undefined && admission !== undefined && reason === undefined) {
      verdict = await verifyAgainst(token, sha256, lookup, secret, admission.first, at);
    }
    const failed = !verdict.ok && (verdict.reason === 'mismatch' || admission?.refused !== undefined);
    if (admission?.first === false && !failed) limiter.giveBack(address, now());
    return verdict;
  }

  async function verifyAgainst(
    token: KnownToken,
    sha256: string,
    lookup: string,
    secret: string,
    first: boolean,
    at: number,
  ): Promise<TokenVerdict> {
    const seen = generation;
    const job = () => bcrypt.verify(secret, token.hash);
    const fits = await (first ? queue.runFirst(job) : queue.run(job));
    if (fits === undefined) return { ok: false, reason: 'limited', retryAfterSeconds: 1 };
    if (!fits) return { ok: false, reason: 'mismatch' };
    know(sha256, token.hash);
    // The file may have changed while bcrypt ran; the hash that the secret fitted must still be the one that counts.
    const current = tokens.get(lookup);
    const reason = current?.hash === token.hash ? refusal(current, now()) : 'unknown';
    if (current === undefined || reason !== undefined) return { ok: false, reason: reason ?? 'unknown' };
    const verdict: TokenVerdict = { ok: true, id: current.id, label: current.label, scopes: current.scopes };
    if (seen === generation && !closed) remembered.set(sha256, { token: current, verdict, at, refreshing: false });
    return verdict;
  }

  function know(sha256: string, hash: string): void {
    known.delete(sha256);
    known.set(sha256, hash);
    if (known.size > maxKnown) known.delete(known.keys().next().value ?? '');
  }

  return {
    verify,
    onChange: (listener) => subscribe(changeListeners, listener),
    onProblem: (listener) => subscribe(problemListeners, listener),
    ready: () => problem === undefined,
    problem: () => problem,
    async close() {
      closed = true;
      watcher.close();
      tokens = new Map();
      await Promise.allSettled(pending.values());
      remembered.clear();
      known.clear();
    },
  };
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** A listener that throws is a fault of ours that must not stop the store from seeing the next revocation. */
function notify<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
  for (const listener of listeners) {
    try {
      listener(value);
    } catch (error) {
      process.emitWarning(`A listener of the token store failed: ${String(error)}`);
    }
  }
}
