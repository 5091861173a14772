import { applyAgain, removeEmptyDirs, undoEdits } from './apply-edits.ts';
import { type FileEdit, filesOf, type Library, type PlannedChange } from './change.ts';
import type { History } from './history.ts';
import { takenBackMessage } from './history-log.ts';
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
  /** Changes that nobody was told of: they were taken back. */
  takenBack: JournalChange[];
  /** Changes that are live already: they only have to be settled. */
  live: JournalChange[];
  /** Changes that were acknowledged: they are on disk and have to be built. */
  made: InterruptedChange[];
  /** Changes that were acknowledged and are not on disk: each has to be tried alone. */
  waiting: InterruptedChange[];
}

/**
 * Puts right what a crash left in the middle of changes. What is live stays; what was acknowledged to its caller is put
 * on disk again as far as it is not there, or has yet to be tried alone; everything else is taken back. A file that
 * somebody has changed since is left as it is. The journal is left to the caller, who settles the changes.
 *
 * @param liveCommit the commit from which the live release was built
 */
export async function recover(
  library: Library,
  history: History,
  journal: Journal,
  liveCommit: string | undefined,
): Promise<Recovered> {
  const recovered: Recovered = { takenBack: [], live: [], made: [], waiting: [] };
  const entry = await journal.read();
  if (entry === undefined) return recovered;
  for (const change of entry.changes) for (const file of filesIn(change)) await library.files.clean(file);
  const halfWay: InterruptedChange[] = [];
  for (const change of entry.changes) {
    // A commit that was taken back is not the change's any more, although what is live may be built from a later one.
    if (
      change.commit !== undefined &&
      liveCommit !== undefined &&
      (await history.isPartOf(change.commit, liveCommit))
    ) {
      recovered.live.push(change);
      continue;
    }
    const interrupted = { change, planned: await plannedOf(library, history, change) };
    if (change.acknowledged !== true) recovered.takenBack.push(change);
    else if (change.commit === undefined) recovered.waiting.push(interrupted);
    else recovered.made.push(interrupted);
    const stays = change.waiting === true || recovered.made.includes(interrupted);
    if (!stays) halfWay.push(interrupted);
  }
  await takeBack(library, history, halfWay);
  for (const { change, planned } of recovered.made) {
    await applyAgain(library, planned);
    await history.commitFiles(filesOf(planned), change.message, change.author);
  }
  return recovered;
}

async function takeBack(library: Library, history: History, changes: readonly InterruptedChange[]): Promise<void> {
  for (const { change, planned } of [...changes].reverse()) {
    const left = await undoEdits(library, planned);
    // A folder that was made for a file that never came.
    for (const { file, before } of change.files) if (before === null) await removeEmptyDirs(library.files, file);
    for (const { to } of change.moves) await removeEmptyDirs(library.files, to);
    await history.commitFiles(left, 'Changed by hand');
    await history.commitFiles(filesOf(planned), takenBackMessage(change.message), change.author);
  }
}

/** The change with the bytes of its files, from the history and from disk. */
async function plannedOf(library: Library, history: History, change: JournalChange): Promise<PlannedChange> {
  const edits: FileEdit[] = [];
  const commit = change.commit ?? change.earlier?.at(-1);
  for (const { file, before, after, blob } of change.files) {
    const found = [
      blob === undefined ? undefined : await history.blob(blob),
      commit === undefined ? undefined : await history.show(commit, file),
      await library.files.read(file, MAX_FILE_BYTES),
    ];
    const written = found.find((bytes) => bytes !== undefined && revisionOf(bytes) === after);
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
