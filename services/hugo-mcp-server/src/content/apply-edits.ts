import path from 'node:path';
import { ArleoError } from '@arleo/core/errors';
import { filesOf, type Library, type PlannedChange } from './change.ts';
import { MAX_FILE_BYTES } from './site-files.ts';

type Edits = Pick<PlannedChange, 'edits' | 'moves'>;

/**
 * Writes a change to disk and takes it into the index.
 *
 * @throws {@link ArleoError} `revision_mismatch` if somebody changed one of the files since the change was planned; what
 *   was written before it is there then, and {@link undoEdits} takes it back
 */
export async function applyEdits({ files, index }: Library, change: Edits): Promise<void> {
  try {
    for (const { from, to } of change.moves ?? []) if (!(await files.move(from, to))) throw changedMeanwhile(from);
    for (const { file, before, after } of change.edits) {
      if (!(await files.replace(file, before, after))) throw changedMeanwhile(file);
      if (after === undefined) await removeEmptyDirs(files, file);
    }
    for (const { from } of change.moves ?? []) await removeEmptyDirs(files, from);
  } finally {
    await index.refresh(dirsOf(change));
  }
}

/**
 * Puts everything back as it was before {@link applyEdits}, also when that got only half way. A file that somebody has
 * changed since is left as it is.
 *
 * @returns the files that were left
 */
export async function undoEdits({ files, index }: Library, change: Edits): Promise<string[]> {
  const left: string[] = [];
  try {
    for (const { file, before, after } of [...change.edits].reverse()) {
      if (await files.replace(file, after, before)) {
        if (before === undefined) await removeEmptyDirs(files, file);
      } else if (!(await isAlready(files, file, before))) left.push(file);
    }
    for (const { from, to } of [...(change.moves ?? [])].reverse()) {
      if (await files.move(to, from)) await removeEmptyDirs(files, to);
    }
  } finally {
    await index.refresh(dirsOf(change));
  }
  return left;
}

/** Makes those parts of a change that are not made yet, where nobody has changed the files since. */
export async function applyAgain({ files, index }: Library, change: Edits): Promise<void> {
  for (const { from, to } of change.moves ?? []) await files.move(from, to);
  for (const { file, before, after } of change.edits) await files.replace(file, before, after);
  for (const { file, after } of change.edits) if (after === undefined) await removeEmptyDirs(files, file);
  for (const { from } of change.moves ?? []) await removeEmptyDirs(files, from);
  await index.refresh(dirsOf(change));
}

/** The first file of a change that is not as the change made it; undefined if all are. */
export async function changedSince({ files }: Library, { edits }: Edits): Promise<string | undefined> {
  for (const { file, after } of edits) if (!(await isAlready(files, file, after))) return file;
  return undefined;
}

async function isAlready(files: Library['files'], file: string, bytes: Buffer | undefined): Promise<boolean> {
  const now = await files.read(file, MAX_FILE_BYTES);
  return bytes === undefined || now === undefined ? now === bytes : now.equals(bytes);
}

/** The folder of a bundle goes with its last file, and so do folders above it that held nothing else. */
export async function removeEmptyDirs(files: Library['files'], file: string): Promise<void> {
  for (let dir = path.posix.dirname(file); dir !== '.'; dir = path.posix.dirname(dir)) {
    if (!(await files.removeEmptyDir(dir))) return;
  }
}

function dirsOf(change: Edits): string[] {
  const dirs = filesOf(change).map((file) => path.posix.dirname(file));
  // The parent too: the folder itself may have come or gone.
  return [...new Set([...dirs, ...dirs.map((dir) => path.posix.dirname(dir))])].filter((dir) => dir !== '.');
}

/** Somebody else wrote a file at the same time. */
export function changedMeanwhile(file: string): ArleoError {
  return new ArleoError('revision_mismatch', `${file} was changed by hand while this change was being made.`, {
    hint: 'Nothing of yours was written. Read the page again, then decide anew.',
  });
}
