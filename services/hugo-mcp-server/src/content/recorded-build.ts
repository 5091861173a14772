import { ArleoError } from '@arleo/core/errors';
import type { BuildResult } from '../build/build-site.ts';
import type { Applied, EarlyAnswer } from './early-answer.ts';
import { inWords } from './write-failure.ts';
import type { Job } from './write-job.ts';
import type { WriterOptions } from './writer-contract.ts';

/** Builds what is on disk, and puts into the log of builds that it does, what for and how it ended. */
export interface RecordedBuild {
  /**
   * @param applied the changes that are on disk and not live yet
   * @param jobs all who are told how far it is
   * @throws as the build
   */
  build(applied: readonly Applied[], jobs: readonly Job[], early: Pick<EarlyAnswer, 'begin'>): Promise<BuildResult>;
  /** The id of the build under way. */
  running(): string | undefined;
}

/** @see {@link RecordedBuild} */
export function createRecordedBuild(
  options: Pick<WriterOptions, 'builds' | 'history' | 'newBuildId' | 'publish'>,
): RecordedBuild {
  const { builds, history } = options;
  let building: string | undefined;
  return {
    running: () => building,
    async build(applied, jobs, early) {
      const id = options.newBuildId();
      const changes = applied.flatMap(({ change: { message, commit } }) =>
        commit === undefined ? [] : [{ message: message.split('\n', 1)[0] ?? '', commit }],
      );
      const scheduled = jobs.some((job) => job.plan === undefined && job.scheduled);
      await builds.begin(id, changes, scheduled ? { scheduled } : {});
      building = id;
      try {
        for (const job of jobs) job.progress('Hugo is building the site');
        early.begin(id);
        const build = await options.publish(await history.head(), id);
        const { pages, build_ms } = build.release;
        await builds.end(id, { state: 'live', pages, build_ms, warnings: build.warnings });
        return build;
      } catch (error) {
        const code = error instanceof ArleoError ? error.code : 'internal';
        await builds.end(id, { state: 'failed', error: { code, message: inWords(error) } });
        throw error;
      } finally {
        building = undefined;
      }
    },
  };
}
