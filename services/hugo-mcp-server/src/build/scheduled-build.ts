import type { Release, Releases } from './releases.ts';

/** Builds the site when a date passes that Hugo goes by: then a page appears or expires without anybody's change. */
export interface ScheduledBuild {
  /** Looks anew which date is the next: a release went live, or Hugo said more of the pages. */
  plan(): void;
  /** Nothing is built after this. */
  close(): void;
}

export interface ScheduledBuildOptions {
  releases: Pick<Releases, 'live' | 'kept'>;
  /** The moments at which pages appear or expire, in milliseconds since 1970. */
  moments(): Iterable<number>;
  /** Builds the site and puts it live. */
  build(): Promise<unknown>;
  onError(message: string, error: unknown): void;
  /** Between two such builds at least, in milliseconds; a minute if absent. */
  apartMs?: number;
}

/** A date is never met early by a timer of this precision, in milliseconds. */
const afterMs = 1000;
/** The longest wait of a timer; a day, so that a clock that is set right is seen. */
const longestMs = 24 * 3_600_000;

/**
 * Many dates at once, or shortly after each other, cost one build. A build that fails is not made again for its date: the
 * next change or release looks anew. Who went back to an earlier release keeps it: nothing is built then.
 */
export function createScheduledBuild(options: ScheduledBuildOptions): ScheduledBuild {
  const { releases, moments, onError, apartMs = 60_000 } = options;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let lastStart = Number.NEGATIVE_INFINITY;
  /** Dates up to this one had their build, whatever became of it. */
  let triedUntil = Number.NEGATIVE_INFINITY;

  const look = async () => {
    const live = await releases.live();
    const [newest] = await releases.kept();
    if (live === undefined || newest?.id !== live.id || closed) return;
    const next = nextAfter(Math.max(startOf(live), triedUntil), moments());
    if (next === undefined) return;
    const now = Date.now();
    const wait = Math.max(next + afterMs - now, lastStart + apartMs - now);
    if (wait > 0) return later(wait);
    lastStart = now;
    triedUntil = now;
    await options.build();
  };

  const later = (ms: number) => {
    clearTimeout(timer);
    if (closed) return;
    timer = setTimeout(
      () => {
        look().catch((error: unknown) => {
          if (!closed) onError('the site could not be built for a date that has passed', error);
        });
      },
      Math.min(ms, longestMs),
    );
    timer.unref();
  };

  return {
    plan: () => later(0),
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

/** When Hugo began at the latest: what was due then is in the release. */
function startOf({ built_at, build_ms }: Release): number {
  return Date.parse(built_at) - build_ms;
}

function nextAfter(from: number, moments: Iterable<number>): number | undefined {
  let next: number | undefined;
  for (const moment of moments) if (moment > from && (next === undefined || moment < next)) next = moment;
  return next;
}
