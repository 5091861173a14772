import { isArleoError } from '@arleo/core/errors';
import type { Clock } from './clock.ts';
import type { OwedState } from './owed-state.ts';

/** What hugo-mcp-server says when it was told of a push. */
export interface PullAnswer {
  /** `live`, `unchanged`, `refused`, `rolled_back`, `stuck`. */
  result: string;
  code?: string | undefined;
  message?: string | undefined;
  commit?: string | null | undefined;
  release?: string | undefined;
}

/** Tells hugo-mcp-server to pull; gives its answer when all is over. Rejects if it is not known to have been told. */
export type AskPull = (requestId: string) => Promise<PullAnswer>;

/** A push that is to be acted on. */
export interface TakenPush {
  /** The delivery's id. */
  delivery: string;
  requestId: string;
}

/** What {@link createRebuilds} is told of. */
export interface RebuildEvents {
  /** Hugo-mcp-server was told. `pushes`: how many are in it. */
  told(answer: PullAnswer, about: { requestId: string; pushes: number; durationMs: number }): void;
  /** It could not be told, or could not fetch; asked again after `retryMs`. */
  failed(reason: string, about: { requestId: string; attempt: number; retryMs: number; error: unknown }): void;
}

/** Turns pushes into rebuilds. */
export interface Rebuilds {
  /**
   * Takes a push, once for each delivery id. When it resolves the push is on disk, and hugo-mcp-server will be told of
   * it, whatever is stopped or started in between. Rejects with the file system's error; then it was not taken.
   */
  take(push: TakenPush): Promise<'accepted' | 'duplicate'>;
  /** True if {@link Rebuilds.take} would call it a duplicate. */
  knows(delivery: string): boolean;
  /** Begins nothing more; what is owed is done after the next start. */
  close(): void;
}

/** What {@link createRebuilds} works with. */
export interface RebuildOptions {
  state: OwedState;
  ask: AskPull;
  clock: Clock;
  /** Milliseconds between the beginnings of two rebuilds. */
  intervalMs: number;
  events: RebuildEvents;
}

/** Milliseconds until the first further try, doubled each time up to {@link maxRetryMs}. */
const firstRetryMs = 1_000;
const maxRetryMs = 60_000;

/** Outcomes that may be another one soon: the network, or somebody at work in the repository. */
const passing: ReadonlySet<string> = new Set(['fetch_failed', 'git_failed']);

/** After as many tries a passing outcome counts as told. */
const maxPassing = 10;

/**
 * At most one rebuild in each interval: the first push is acted on at once, all that come within the interval share one
 * more at its end. A rebuild is asked for until hugo-mcp-server has answered.
 */
export function createRebuilds({ state, ask, clock, intervalMs, events }: RebuildOptions): Rebuilds {
  /** Claimed while their push is being written down. */
  const claimed = new Set<string>();
  let saving: Promise<unknown> = Promise.resolve();
  let running = false;
  let closed = false;
  /** Tries in a row that did not end it, and how many of them ended in something that may pass. */
  let attempt = 0;
  let passed = 0;
  let notBefore = 0;
  let cancel = () => {};

  /** One change of the state after the other. */
  const change = (next: () => Parameters<OwedState['save']>[0]): Promise<void> => {
    const saved = saving.then(() => state.save(next()));
    saving = saved.catch(() => undefined);
    return saved;
  };

  const schedule = (): void => {
    cancel();
    const { taken, told, begun_at } = state.current();
    if (closed || running || taken === told) return;
    const now = clock.now();
    // A clock that was set back must not put a rebuild off for longer than one interval.
    const quiet = begun_at > now ? intervalMs : begun_at + intervalMs - now;
    cancel = clock.after(Math.max(0, quiet, notBefore - now), () => void run());
  };

  const run = async (): Promise<void> => {
    running = true;
    const { taken, told, request_id: requestId = '' } = state.current();
    const begunAt = clock.now();
    try {
      const answer = await ask(requestId);
      if (closed) return;
      const { code = '' } = answer;
      if (passing.has(code) && passed + 1 < maxPassing) {
        passed += 1;
        return putOff(code, requestId, undefined);
      }
      await change(() => ({ ...state.current(), begun_at: begunAt, told: taken }));
      events.told(answer, { requestId, pushes: taken - told, durationMs: clock.now() - begunAt });
      attempt = 0;
      passed = 0;
      notBefore = 0;
    } catch (error) {
      if (closed) return;
      putOff(isArleoError(error) ? error.code : 'internal', requestId, error);
    } finally {
      running = false;
      schedule();
    }
  };

  const putOff = (reason: string, requestId: string, error: unknown): void => {
    attempt += 1;
    const retryMs = Math.min(maxRetryMs, firstRetryMs * 2 ** (attempt - 1));
    notBefore = clock.now() + retryMs;
    events.failed(reason, { requestId, attempt, retryMs, error });
  };

  const knows = (delivery: string) => claimed.has(delivery) || state.current().seen.includes(delivery);

  schedule();
  return {
    knows,
    async take({ delivery, requestId }) {
      if (knows(delivery)) return 'duplicate';
      claimed.add(delivery);
      try {
        await change(() => {
          const owed = state.current();
          return { ...owed, seen: [...owed.seen, delivery], taken: owed.taken + 1, request_id: requestId };
        });
      } finally {
        claimed.delete(delivery);
      }
      schedule();
      return 'accepted';
    },
    close() {
      closed = true;
      cancel();
    },
  };
}
