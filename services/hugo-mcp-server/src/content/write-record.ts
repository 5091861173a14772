import type { BuildResult } from '../build/build-site.ts';
import { changedMeanwhile, changedSince } from './apply-edits.ts';
import type { Library, Plan, PlannedChange } from './change.ts';
import type { History } from './history.ts';
import type { JournalChange } from './journal.ts';
import type { InterruptedChange } from './recover.ts';
import { revisionOf } from './revision.ts';
import { MAX_FILE_BYTES } from './site-files.ts';
import { type ChangeJob, freshJob } from './write-job.ts';

/**
 * A change that is about to be written, as the journal has it. One that was acknowledged before stays so, and its bytes
 * are put into the history first: from now on a crash must find them wherever it comes.
 *
 * @param before what the journal had of it until now
 */
export async function journalChange(
  planned: PlannedChange,
  job: ChangeJob,
  before: JournalChange | undefined,
  history: Pick<History, 'head' | 'keep'>,
): Promise<JournalChange> {
  const acknowledged = before?.acknowledged === true;
  const files: JournalChange['files'] = [];
  for (const { file, before, after } of planned.edits) {
    const kept = acknowledged && after !== undefined ? { blob: await history.keep(after) } : {};
    files.push({ file, before: revision(before), after: revision(after), ...kept });
  }
  const parent = await history.head();
  const { pages = [], moves = [], notes, message } = planned;
  return {
    message,
    author: job.author,
    pages,
    files,
    moves,
    ...(notes === undefined ? {} : { notes }),
    ...(parent === undefined ? {} : { parent }),
    ...(job.key === undefined ? {} : { key: job.key }),
    ...(job.commits.length === 0 ? {} : { earlier: [...job.commits] }),
    ...(acknowledged ? { acknowledged } : {}),
  };
}

/** The change as the journal has it from when it was taken back until it is tried alone. */
export function takenBackToWait({ commit, ...change }: JournalChange): JournalChange {
  return { ...change, ...(commit === undefined ? {} : { earlier: commitsOf({ ...change, commit }) }), waiting: true };
}

/** Every commit in which a change was made. */
export function commitsOf({ commit, earlier = [] }: Pick<JournalChange, 'commit' | 'earlier'>): string[] {
  return commit === undefined ? earlier : [...earlier, commit];
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
  const { author, key } = change;
  return {
    ...freshJob,
    waiting: change.waiting === true,
    answered: true,
    plan: again,
    author,
    key,
    commits: [...commitsOf(change)],
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
