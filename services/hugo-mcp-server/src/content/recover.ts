import { undoEdits } from './apply-edits.ts';
import type { FileEdit, Library } from './change.ts';
import type { History } from './history.ts';
import type { Journal } from './journal.ts';
import { revisionOf } from './revision.ts';
import { MAX_FILE_BYTES } from './site-files.ts';

/**
 * Puts right what a crash left in the middle of a change. Nobody was told that the change was made: if it is live it
 * stays, else it is taken back. A file that somebody has changed since is left as it is.
 *
 * @param liveCommit the commit from which the live release was built
 * @returns the files that were put back
 */
export async function recover(
  library: Library,
  history: History,
  journal: Journal,
  liveCommit: string | undefined,
): Promise<string[]> {
  const entry = await journal.read();
  if (entry === undefined) return [];
  const head = await history.head();
  const isLive = head !== undefined && head === liveCommit && head !== entry.base;
  const edits: FileEdit[] = [];
  for (const { file, before, after } of isLive ? [] : entry.files) {
    const now = await library.files.read(file, MAX_FILE_BYTES);
    const revision = now === undefined ? null : revisionOf(now);
    if (revision !== after || revision === before) continue;
    const old = entry.base === undefined ? undefined : await history.show(entry.base, file);
    edits.push({ file, before: old, after: now });
  }
  if (edits.length > 0) {
    await undoEdits(library, edits);
    const files = edits.map(({ file }) => file);
    await history.commitFiles(files, 'Take back a change that was interrupted before it was live');
  }
  await journal.clear();
  return edits.map(({ file }) => file);
}
