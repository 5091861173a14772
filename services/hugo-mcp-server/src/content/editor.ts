import { ArleoError } from '@arleo/core/errors';
import type { Release, Releases } from '../build/releases.ts';
import type { AnswerKey, Answers } from './answers.ts';
import type { Library, Plan } from './change.ts';
import { type DryRun, dryRun } from './dry-run.ts';
import type { BuildOutcome, Progress } from './write-job.ts';
import type { WriteOutcome } from './write-outcome.ts';
import type { WriteRequest, Writer } from './writer.ts';

/** Who asks for a build, and what they take to be live. */
export interface BuildRequest {
  progress: Progress;
  key?: AnswerKey | undefined;
  /** The id of the release that must be live, or nothing is done. */
  expectedRelease?: string | undefined;
}

/** Everything that the tools change on the site. */
export interface Editor {
  /**
   * Makes a change. With a key that was used before, the first outcome is given again and nothing is changed.
   * @throws as {@link Writer.write}; `idempotency_mismatch`
   */
  write(plan: Plan, request: WriteRequest): Promise<WriteOutcome>;
  /** What a change would do to the site as it is now. @throws what the plan throws */
  dryRun(plan: Plan): Promise<DryRun>;
  /** Builds what is on disk. @throws as {@link Writer.build}; `idempotency_mismatch`, `release_mismatch` */
  build(request: BuildRequest): Promise<BuildOutcome>;
  /** The live release; undefined if there is none. @throws {@link ArleoError} `release_mismatch` if another is expected */
  liveRelease(expected: string | undefined): Promise<Release | undefined>;
}

/** What the editor works with. */
export interface EditorOptions {
  library: Library;
  writer: Writer;
  answers: Answers;
  releases: Pick<Releases, 'live'>;
  /** Resolves when the site can be read; fails with the reason why not. */
  readable(): Promise<void>;
}

/** @see {@link Editor} */
export function createEditor({ library, writer, answers, releases, readable }: EditorOptions): Editor {
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
      return answers.once(request.key, () => writer.write(plan, request));
    },
    async dryRun(plan) {
      await readable();
      return dryRun(library, plan);
    },
    build: ({ progress, key, expectedRelease }) =>
      answers.once(key, async () => {
        await readable();
        await liveRelease(expectedRelease);
        const outcome = await writer.build(progress);
        if (key !== undefined) await answers.keep(key, outcome);
        return outcome;
      }),
    liveRelease,
  };
}
