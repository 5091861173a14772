import type { RestorePageArgs } from '@arleo/core/content/apply-arguments';
import { ArleoError } from '@arleo/core/errors';
import type { BuildLog } from '../build/build-log.ts';
import type { BuildFacts } from '../build/build-site.ts';
import type { Release, Releases } from '../build/releases.ts';
import type { Announcer } from '../publish/announcer.ts';
import type { Published } from '../publish/published.ts';
import type { AnswerKey, Answers } from './answers.ts';
import type { Library, Plan } from './change.ts';
import { type DryRun, dryRun } from './dry-run.ts';
import type { History } from './history.ts';
import type { HistoryLog } from './history-log.ts';
import { restorePage } from './restore-page.ts';
import type { TellAgain } from './tell-again.ts';
import type { BuildOutcome, Progress } from './write-job.ts';
import type { WriteOutcome } from './write-outcome.ts';
import type { WriteRequest, Writer } from './writer-contract.ts';

/** Who asks for a build, and what they take to be live. */
export interface BuildRequest {
  progress: Progress;
  key?: AnswerKey | undefined;
  /** The id of the release that must be live, or nothing is done. */
  expectedRelease?: string | undefined;
}

/** What a rollback is to do. It is kept as JSON: see {@link Answers}. */
interface StepBack {
  to: Release;
  /** The release that was live before. */
  was?: Release | undefined;
  /** It was done: what is live now may be another by then. */
  done?: boolean;
}

/** A release that is made live again, and where the content stands beside it. */
export interface Rollback extends Omit<StepBack, 'done'> {
  /** What is live now: another one, if the call was made before and somebody built or went back since. */
  now: Release | undefined;
  /** The content on disk is not what is live now (of a dry run: would be): the next build puts it live. */
  contentDiffers: boolean;
  /** What the publish plug-ins did about it, as far as it is known when this is told. */
  published?: readonly Published[];
}

/** Who asks for an earlier release. */
export interface RollbackRequest extends Omit<BuildRequest, 'progress'> {
  /** The one before the live one if absent. */
  release?: string | undefined;
  /** Only says which it would be. */
  dryRun: boolean;
}

/** Everything that the tools change on the site. */
export interface Editor {
  /**
   * Makes a change. With a key that was used before, the first outcome is given again and nothing is changed.
   * @throws as {@link Writer.write}; `idempotency_mismatch`
   */
  write(plan: Plan, request: WriteRequest): Promise<WriteOutcome>;
  /** Makes the plan that gives a page back as it was: see {@link restorePage}. */
  restore(args: RestorePageArgs): Plan;
  /** What a change would do to the site as it is now. @throws what the plan throws */
  dryRun(plan: Plan): Promise<DryRun>;
  /** Builds what is on disk. @throws as {@link Writer.build}; `idempotency_mismatch`, `release_mismatch` */
  build(request: BuildRequest): Promise<BuildOutcome & { live: boolean }>;
  /**
   * Makes an earlier release live at once, also while another is being built: that one goes live when it is done.
   * @throws {@link ArleoError} `release_mismatch`, `release_unknown`, `release_not_whole`, `idempotency_mismatch`
   */
  rollBack(request: RollbackRequest): Promise<Rollback>;
  /** The live release; undefined if there is none. @throws {@link ArleoError} `release_mismatch` if another is expected */
  liveRelease(expected: string | undefined): Promise<Release | undefined>;
}

/** What the editor works with. */
export interface EditorOptions {
  library: Library;
  writer: Writer;
  history: History;
  historyLog: HistoryLog;
  answers: Answers;
  builds: Pick<BuildLog, 'find'>;
  tellAgain: TellAgain;
  releases: Pick<Releases, 'live' | 'kept' | 'activate' | 'isWhole'>;
  /** Knows what the publish plug-ins did. */
  announcer: Pick<Announcer, 'outcome'>;
  /** Resolves when the site can be read; fails with the reason why not. */
  readable(): Promise<void>;
}

/** As long as an answer waits for the publish plug-ins, in milliseconds. */
const publishedWithinMs = 10_000;

/** @see {@link Editor} */
export function createEditor(options: EditorOptions): Editor {
  const { library, writer, history, historyLog, answers, builds, tellAgain, releases, announcer, readable } = options;
  /** The plug-ins run while the next change is made; only who is told of this one waits for them. */
  const publishedOf = (release: Pick<Release, 'id'>) => announcer.outcome(release.id, publishedWithinMs);
  /** How a build ended that was still under way when its caller was answered. One that failed is made anew. */
  const buildAgain = async (kept: BuildOutcome): Promise<BuildOutcome | undefined> => {
    if (kept.building === undefined) return kept;
    const record = builds.find(kept.building);
    if (record?.state === 'running') return kept;
    if (record?.state !== 'live') return undefined;
    const { id, pages = 0, build_ms = 0, warnings = [] } = record;
    return { build: { release: { id, pages, build_ms }, warnings } };
  };
  const withPublished = async <Outcome extends { build?: BuildFacts | undefined }>(
    outcome: Outcome,
  ): Promise<Outcome> => {
    if (outcome.build === undefined) return outcome;
    return { ...outcome, build: { ...outcome.build, published: await publishedOf(outcome.build.release) } };
  };
  const liveRelease = async (expected: string | undefined) => {
    const live = await releases.live();
    if (expected === undefined || live?.id === expected) return live;
    throw new ArleoError('release_mismatch', `The live release is ${live?.id ?? 'none'}, not ${expected}.`, {
      hint: 'Somebody built or rolled back since. Look at site_info, then decide anew.',
    });
  };
  return {
    async write(plan, request) {
      await readable();
      return withPublished(
        await answers.once(
          request.key,
          () => writer.write(plan, request),
          (kept) => tellAgain(kept),
        ),
      );
    },
    restore: (args) => restorePage(args, { history, log: historyLog }),
    async dryRun(plan) {
      await readable();
      return dryRun(library, plan);
    },
    async build({ progress, key, expectedRelease }) {
      const run = async () => {
        await readable();
        await liveRelease(expectedRelease);
        const made: BuildOutcome = await writer.build(progress);
        if (key !== undefined) await answers.keep(key, made);
        return made;
      };
      const outcome = await withPublished(await answers.once(key, run, buildAgain));
      const { build } = outcome;
      return { ...outcome, live: build !== undefined && (await releases.live())?.id === build.release.id };
    },
    async rollBack({ release, key, expectedRelease, dryRun }) {
      const run = async (): Promise<StepBack> => {
        const was = await liveRelease(expectedRelease);
        const step = { to: earlierRelease(await releases.kept(), release, was, releases.isWhole), was };
        if (dryRun) return step;
        // Before it is done: who asks again after a crash must not go back one release more.
        if (key !== undefined) await answers.keep(key, step);
        await releases.activate(step.to.id).catch(async (error: unknown) => {
          if (key !== undefined) await answers.forget(key);
          throw error;
        });
        if (key !== undefined) await answers.keep(key, { ...step, done: true });
        return step;
      };
      const finish = async (step: StepBack) => {
        if (step.done) return step;
        const now = (await releases.live())?.id;
        if (now !== step.to.id) {
          if (now !== step.was?.id) throw interruptedBefore(now);
          await releases.activate(step.to.id);
        }
        if (key !== undefined) await answers.keep(key, { ...step, done: true });
        return step;
      };
      const { to, was } = await answers.once(dryRun ? undefined : key, run, finish);
      const head = await history.head().catch(() => undefined);
      const now = await releases.live();
      const rollback = { to, was, now, contentDiffers: head !== (dryRun ? to : now)?.commit };
      return dryRun ? rollback : { ...rollback, published: await publishedOf(to) };
    },
    liveRelease,
  };
}

/** A crash interrupted the call, and what it would do now is not what was asked for then. */
function interruptedBefore(now: string | undefined): ArleoError {
  const message = `This call was interrupted before, and another release (${now ?? 'none'}) is live since. Nothing was changed now.`;
  return new ArleoError('release_mismatch', message, {
    hint: 'Look at site_info; if the site should still go back, call again with another idempotency_key.',
  });
}

/**
 * The release that is asked for, or the newest whole one of those before the live one.
 *
 * @throws `release_unknown`, `release_not_whole`
 */
function earlierRelease(
  kept: readonly Release[],
  id: string | undefined,
  live: Release | undefined,
  isWhole: Releases['isWhole'],
): Release {
  const found = kept.find((release) =>
    id === undefined ? live !== undefined && release.id < live.id && isWhole(release) : release.id === id,
  );
  if (found !== undefined && isWhole(found)) return found;
  const whole = kept.filter(isWhole).map((release) => release.id);
  const ids = whole.join(', ');
  if (found !== undefined) {
    const message = `The machine stopped before the release ${found.id} was known to be on disk: it may have empty files.`;
    throw new ArleoError('release_not_whole', message, {
      hint: ids === '' ? 'build_site makes a new one.' : `These are whole: ${ids}.`,
    });
  }
  const what =
    id === undefined ? 'There is no release before the live one.' : `The release ${id} is not kept (any more).`;
  throw new ArleoError('release_unknown', what, {
    hint: ids === '' ? 'build_site makes one.' : `These are kept: ${ids}.`,
  });
}
