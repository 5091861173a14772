import type { ApplyChangesArgs, PageChangeArgs } from '@arleo/core/content/apply-arguments';
import { ArleoError } from '@arleo/core/errors';
import type { FileEdit, FileMove, PageEffect, Plan, PlannedChange } from './change.ts';
import { createPage } from './create-page.ts';
import { deletePage } from './delete-page.ts';
import { movePage } from './move-page.ts';
import { createOverlay } from './overlay.ts';
import { updatePage } from './update-page.ts';

/**
 * Several changes as one: each is planned on what the ones before it would leave, and all are made or none.
 *
 * @throws {@link ArleoError} when planned: what the plan of a change throws, with the change's index in the message;
 *   `changes_conflict`
 */
export function applyChanges({ changes }: ApplyChangesArgs): Plan {
  return async (workspace) => {
    const overlay = createOverlay(workspace);
    const planned: PlannedChange[] = [];
    for (const [index, change] of changes.entries()) {
      try {
        const next = await planOf(change)(overlay.workspace);
        overlay.add(next);
        planned.push(next);
      } catch (error) {
        throw atIndex(index, change, error);
      }
    }
    const messages = planned.map(({ message }) => message.split('\n', 1)[0]);
    const edits = joinEdits(planned);
    return {
      pages: lastEffects(planned, edits),
      edits,
      moves: joinMoves(planned),
      message: `Apply ${changes.length} changes: ${messages[0]}${messages.length > 1 ? ' and others' : ''}\n\n${messages.map((message) => `* ${message}`).join('\n')}`,
    };
  };
}

function planOf(change: PageChangeArgs): Plan {
  switch (change.action) {
    case 'create':
      return createPage(change);
    case 'update':
      return updatePage(change);
    case 'delete':
      return deletePage(change);
    case 'move':
      return movePage(change);
  }
}

function atIndex(index: number, change: PageChangeArgs, error: unknown): unknown {
  if (!(error instanceof ArleoError)) return error;
  const lang = change.lang === undefined ? '' : ` (${change.lang})`;
  const message = `changes[${index}] (${change.action} ${change.route}${lang}): ${error.message} None of the changes was made.`;
  return new ArleoError(error.code, message, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}

/** One edit for each file: from what was there before the first change to what the last one leaves. */
function joinEdits(planned: readonly PlannedChange[]): FileEdit[] {
  const joined = new Map<string, FileEdit>();
  for (const { edits } of planned) {
    for (const edit of edits) joined.set(edit.file, { ...edit, before: (joined.get(edit.file) ?? edit).before });
  }
  return [...joined.values()].filter(({ before, after }) =>
    before === undefined || after === undefined ? before !== after : !before.equals(after),
  );
}

/** One move for each file: from where it is to where the last change leaves it. */
function joinMoves(planned: readonly PlannedChange[]): FileMove[] {
  let joined: FileMove[] = [];
  for (const { moves = [] } of planned) {
    for (const { from, to } of moves) {
      const earlier = joined.find((move) => move.to === from);
      joined = joined.filter((move) => move !== earlier);
      joined.push({ from: earlier?.from ?? from, to });
    }
  }
  joined = joined.filter(({ from, to }) => from !== to);
  const sources = new Set(joined.map(({ from }) => from));
  const conflict = joined.find(({ to }) => sources.has(to));
  if (conflict === undefined) return joined;
  throw new ArleoError('changes_conflict', `Two moves exchange files: ${conflict.to} is moved and taken at once.`, {
    hint: 'Make the moves in two calls. None of the changes was made.',
  });
}

/**
 * What became of each page, in the order in which the pages were first named. Of a page that a change made and a later
 * one took away there is nothing to tell.
 */
function lastEffects(planned: readonly PlannedChange[], edits: readonly FileEdit[]): PageEffect[] {
  const effects = new Map<string, PageEffect>();
  for (const { pages = [] } of planned) {
    for (const effect of pages) {
      // A page that moves on is told of where it ends, and where it began.
      const earlier = effect.from === undefined ? undefined : effects.get(effect.from.file);
      if (earlier !== undefined && effect.from !== undefined) effects.delete(effect.from.file);
      const from = earlier?.from ?? effect.from ?? effects.get(effect.page.file)?.from;
      effects.set(effect.page.file, from === undefined ? effect : { ...effect, from });
    }
  }
  const edited = new Set(edits.map(({ file }) => file));
  return [...effects.values()].filter(
    ({ page, revision, from }) =>
      revision !== undefined || edited.has(page.file) || (from !== undefined && edited.has(from.file)),
  );
}
