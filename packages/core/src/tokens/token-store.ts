import type { ArleoError } from '../errors.ts';
import type { Bcrypt } from './bcrypt.ts';
import { watchTokenFile } from './token-file-watch.ts';
import { changesBetween, EMPTY_SNAPSHOT, type KnownToken, snapshotOf, type TokenChange } from './token-snapshot.ts';
import { createTokenVerifier, type TokenVerdict } from './verify-token.ts';

export type { TokenChange } from './token-snapshot.ts';
export type { TokenVerdict } from './verify-token.ts';

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
  const changeListeners = new Set<(change: TokenChange) => void>();
  const problemListeners = new Set<(problem: ArleoError | undefined) => void>();

  /** The last whole state of the file, which changes are told from. */
  let snapshot = EMPTY_SNAPSHOT;
  let started = false;
  /** What presented tokens are looked up in: nothing while the file is missing or damaged, and after close. */
  let tokens: ReadonlyMap<string, KnownToken> = new Map();
  let problem: ArleoError | undefined;

  const verifier = createTokenVerifier({
    source: { current: () => tokens, checkedAt: () => watcher.checkedAt(), check: () => watcher.check() },
    bcrypt,
    now,
  });

  const watcher = await watchTokenFile({
    file,
    now,
    watch: options.watch ?? true,
    pollMs: options.pollMs ?? 2000,
    onState(state) {
      verifier.forget();
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

  return {
    verify: verifier.verify,
    onChange: (listener) => subscribe(changeListeners, listener),
    onProblem: (listener) => subscribe(problemListeners, listener),
    ready: () => problem === undefined,
    problem: () => problem,
    async close() {
      watcher.close();
      tokens = new Map();
      verifier.forget();
      await verifier.settled();
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
