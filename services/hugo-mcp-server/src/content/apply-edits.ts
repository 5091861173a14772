import path from 'node:path';
import type { FileEdit, Library } from './change.ts';

/** Writes the edits of a change to disk and takes them into the index. */
export async function applyEdits({ files, index }: Library, edits: readonly FileEdit[]): Promise<void> {
  for (const edit of edits) await put(files, edit.file, edit.after);
  await index.refresh(dirsOf(edits));
}

/** Puts everything back as it was before {@link applyEdits}. */
export async function undoEdits({ files, index }: Library, edits: readonly FileEdit[]): Promise<void> {
  for (const edit of [...edits].reverse()) await put(files, edit.file, edit.before);
  await index.refresh(dirsOf(edits));
}

async function put(files: Library['files'], file: string, bytes: Buffer | undefined): Promise<void> {
  if (bytes !== undefined) return files.write(file, bytes);
  await files.remove(file);
  // The folder of a bundle goes with its last file; one that holds anything else stays.
  if (/^index\./.test(path.posix.basename(file))) await files.removeEmptyDir(path.posix.dirname(file));
}

function dirsOf(edits: readonly FileEdit[]): string[] {
  const dirs = edits.map(({ file }) => path.posix.dirname(file));
  // The parent too: the folder itself may have come or gone.
  return [...new Set([...dirs, ...dirs.map((dir) => path.posix.dirname(dir))])].filter((dir) => dir !== '.');
}
