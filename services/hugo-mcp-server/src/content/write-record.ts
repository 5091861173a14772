import type { BuildResult } from '../build/build-site.ts';
import { changedMeanwhile, changedSince } from './apply-edits.ts';
import type { Library, Plan, PlannedChange } from './change.ts';
import type { JournalChange } from './journal.ts';
import type { InterruptedChange } from './recover.ts';
import { revisionOf } from './revision.ts';
import { MAX_FILE_BYTES } from './site-files.ts';
import { type ChangeJob, freshJob } from './write-job.ts';

/**
 * A change as the journal has it.
 *
 * @param parent the newest commit before it
 */
export function journalChange(planned: PlannedChange, job: ChangeJob, parent: string | undefined): JournalChange {
  const { pages = [], edits, moves = [], notes, message } = planned;
  return {
    message,
    author: job.author,
    pages,
    files: edits.map(({ file, before, after }) => ({ file, before: revision(before), after: revision(after) })),
    moves,
    ...(notes === undefined ? {} : { notes }),
    ...(parent === undefined ? {} : { parent }),
    ...(job.key === undefined ? {} : { key: job.key }),
    ...(job.commits.length === 0 ? {} : { earlier: [...job.commits] }),
  };
}

/** A job for a change whose caller was answered by a service that is gone. */
export function jobAgain(change: InterruptedChange['change'], planned: PlannedChange): ChangeJob {
  const again: Plan = async ({ files }) => {
    for (const { file, before } of planned.edits) {
      const now = await files.read(file, MAX_FILE_BYTES);
      if (revision(now) !== revision(before)) throw changedMeanwhile(file);
    }
    return planned;
  };
  const { author, key, commit, earlier = [] } = change;
  return {
    ...freshJob,
    waiting: false,
    answered: true,
    plan: again,
    author,
    key,
    commits: commit === undefined ? earlier : [...earlier, commit],
    progress() {},
    resolve() {},
    reject() {},
  };
}

/** The build with a warning if somebody saved a file of the change by hand since it was committed. */
export async function withOvertaking(
  library: Library,
  planned: PlannedChange,
  build: BuildResult,
): Promise<BuildResult> {
  const file = await changedSince(library, planned);
  if (file === undefined) return build;
  const warning = `${file} was saved by hand after this change was committed: the page is as it was saved, and the change is in its history.`;
  return { ...build, warnings: [...build.warnings, warning] };
}

function revision(bytes: Buffer | undefined): string | null {
  return bytes === undefined ? null : revisionOf(bytes);
}
