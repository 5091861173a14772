import { createTwoFilesPatch } from 'diff';
import type { FileEdit, Library, PageEffect, Plan, PlannedChange } from './change.ts';
import { textRange } from './page-range.ts';

/** What would happen to one file. */
export interface FilePreview {
  file: string;
  change: 'create' | 'update' | 'delete' | 'move';
  /** Where it would come from, if it moves. */
  from?: string;
}

/** What a change would do. Nothing was written, committed or built. */
export interface DryRun {
  pages: PageEffect[];
  files: FilePreview[];
  /** Unified diff of what is text, cut where it is long. */
  diff: string;
  diffComplete: boolean;
  /** What the plan noted. */
  notes: NonNullable<PlannedChange['notes']>;
}

/** As many characters of a diff as are shown, counted as JSON has them. */
const maxDiff = 12_000;
/** More lines than this apart, two texts are shown as one replaced by the other. */
const maxEdits = 2000;

/** Plans a change on the site as it is now, and says what it would do. @throws what the plan throws */
export async function dryRun(library: Library, plan: Plan): Promise<DryRun> {
  const planned = await plan(library);
  const { pages = [], edits, moves = [], notes = {} } = planned;
  const movedTo = new Map(pages.flatMap(({ page, from }) => (from === undefined ? [] : [[page.file, from.file]])));
  const movedFrom = new Map([...movedTo].map(([to, from]) => [from, to]));
  const before = new Map(edits.map((edit) => [edit.file, edit.before]));
  const files: FilePreview[] = [];
  let diff = '';
  for (const edit of edits) {
    const source = movedTo.get(edit.file);
    if (edit.after === undefined && movedFrom.has(edit.file)) continue;
    if (source !== undefined && edit.before === undefined) {
      files.push({ file: edit.file, change: 'move', from: source });
      diff += patchOf({ ...edit, before: before.get(source) }, source);
      continue;
    }
    files.push({ file: edit.file, change: kindOf(edit) });
    diff += patchOf(edit, edit.file);
  }
  for (const { from, to } of moves) files.push({ file: to, change: 'move', from });
  const { text: shown } = textRange(diff, { fromLine: 1, fromColumn: 1 }, maxDiff);
  return { pages, files, diff: shown, diffComplete: shown.length === diff.length, notes };
}

function kindOf({ before, after }: FileEdit): FilePreview['change'] {
  if (before === undefined) return 'create';
  return after === undefined ? 'delete' : 'update';
}

function patchOf({ file, before, after }: FileEdit, source: string): string {
  const old = textOf(before);
  const now = textOf(after);
  if (old === undefined || now === undefined) return `Binary file ${file}\n`;
  if (old === now) return '';
  const names = [
    before === undefined ? '/dev/null' : `a/${source}`,
    after === undefined ? '/dev/null' : `b/${file}`,
  ] as const;
  const patch = createTwoFilesPatch(...names, old, now, undefined, undefined, { context: 2, maxEditLength: maxEdits });
  // Too far apart to be compared in reasonable time.
  return patch === undefined
    ? `--- ${names[0]}\n+++ ${names[1]}\n${allOf('-', old)}${allOf('+', now)}`
    : withoutRule(patch);
}

function allOf(mark: string, text: string): string {
  return text
    .slice(0, maxDiff)
    .split('\n')
    .map((line) => `${mark}${line}\n`)
    .join('');
}

/** The package draws a line above each patch, which says nothing. */
function withoutRule(patch: string): string {
  return patch.replace(/^=+\n/, '');
}

function textOf(bytes: Buffer | undefined): string | undefined {
  if (bytes === undefined) return '';
  const text = bytes.toString('utf8');
  return text.includes('\0') || text.includes('\uFFFD') ? undefined : text;
}
