import type { BuildLog } from '../build/build-log.ts';
import type { TellOutcome, WriteOutcome } from './write-outcome.ts';

/**
 * Tells an outcome that was kept. What was done stays as it is; what is live, and whether it is still being built, is told
 * as it is now.
 *
 * @throws {@link ArleoError} `git_failed`
 */
export type TellAgain = (outcome: WriteOutcome) => Promise<WriteOutcome>;

/** @see {@link TellAgain} */
export function createTellAgain(tellOutcome: TellOutcome, builds: Pick<BuildLog, 'openBuildOf'>): TellAgain {
  return async ({ building, ...outcome }) => {
    const open =
      outcome.commit === undefined || building === undefined ? undefined : builds.openBuildOf(outcome.commit);
    const pages = outcome.pages.map(({ old, ...page }) => ({ ...page, oldUrl: old?.url }));
    const now = await tellOutcome({ ...outcome, pages }, undefined, open);
    return { ...outcome, ...now };
  };
}
