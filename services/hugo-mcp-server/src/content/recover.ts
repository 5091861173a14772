import { applyAgain, removeEmptyDirs, undoEdits } from './apply-edits.ts';
import { type FileEdit, filesOf, type Library, type PlannedChange } from './change.ts';
import type { History } from './history.ts';
import type { Journal, JournalChange } from './journal.ts';
import { revisionOf } from './revision.ts';
import { MAX_FILE_BYTES } from './site-files.ts';

/** A change that a crash interrupted, with the bytes of its files. */
export interface InterruptedChange {
  change: JournalChange;
  planned: PlannedChange;
}

/** What a crash left in the middle of changes. All are empty if nothing was under way. */
export interface Recovered {
  /** Changes that were taken back. */
  takenBack: JournalChange[];
  /** Changes that are live already: they only have to be settled. */
  live: JournalChange[];
  /** Changes that were acknowledged: they are on disk and have to be built. */
  acknowledged: InterruptedChange[];
}

/**
 * Puts right what a crash left in the middle of changes. What is live stays; what was acknowledged to its caller is put
 * on disk again as far as it is not there; everything else is taken back. A file that somebody has changed since is
 * left as it is. The journal is left to the caller where changes remain to be settled.
 *
 * @param liveCommit the commit from which the live release was built
 */
export async function recover(
  library: Library,
  history: History,
  journal: Journal,
  liveCommit: string | undefined,
): Promise<Recovered> {
  const recovered: Recovered = { takenBack: [], live: [], acknowledged: [] };
  const entry = await journal.read();
  if (entry === undefined) return recovered;
  for (const change of entry.changes) for (const file of filesIn(change)) await library.files.clean(file);
  const head = await history.head();
  if (head !== undefined && head === liveCommit && head !== entry.changes[0]?.parent) {
    return { ...recovered, live: entry.changes };
  }
  const interrupted: InterruptedChange[] = [];
  for (const change of entry.changes) interrupted.push({ change, planned: await plannedOf(library, history, change) });
  if (entry.acknowledged) {
    for (const { change, planned } of interrupted) {
      await applyAgain(library, planned);
      await history.commitFiles(filesOf(planned), change.message, change.author);
    }
    return { ...recovered, acknowledged: interrupted };
  }
  const left: string[] = [];
  for (const { planned } of [...interrupted].reverse()) left.push(...(await undoEdits(library, planned)));
  // A folder that was made for a file that never came.
  for (const { files, moves } of entry.changes) {
    for (const { file, before } of files) if (before === null) await removeEmptyDirs(library.files, file);
    for (const { to } of moves) await removeEmptyDirs(library.files, to);
  }
  await history.commitFiles([...new Set(left)], 'Changed by hand');
  const files = interrupted.flatMap(({ planned }) => filesOf(planned));
  await history.commitFiles([...new Set(files)], 'Take back a change that was interrupted before it was live');
  await journal.clear();
  return { ...recovered, takenBack: entry.changes };
}

/** The change with the bytes of its files, from the history and from disk. */
async function plannedOf(library: Library, history: History, change: JournalChange): Promise<PlannedChange> {
  const edits: FileEdit[] = [];
  for (const { file, before, after } of change.files) {
    const now = await library.files.read(file, MAX_FILE_BYTES);
    const onDisk = (now === undefined ? null : revisionOf(now)) === after ? now : undefined;
    const committed = change.commit === undefined ? undefined : await history.show(change.commit, file);
    const written = after === null ? undefined : (committed ?? onDisk);
    // Neither written nor committed: there is nothing to take back, and nothing that could be put on disk.
    if (after !== null && written === undefined) continue;
    const old = before === null || change.parent === undefined ? undefined : await history.show(change.parent, file);
    edits.push({ file, before: old, after: written });
  }
  const { pages, moves, notes, message } = change;
  return { pages, edits, moves, message, notes };
}

function filesIn({ files, moves }: JournalChange): string[] {
  return [...files.map(({ file }) => file), ...moves.flatMap(({ from, to }) => [from, to])];
}
