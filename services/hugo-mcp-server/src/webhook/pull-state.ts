import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { atomicWrite, removeLeftovers } from '@arleo/core/fs/atomic-write';
import * as z from 'zod';

const outcomeSchema = z.object({
  /** When it ended. */
  at: z.iso.datetime(),
  branch: z.string(),
  /** The commit that the branch had; null if it could not be fetched. */
  commit: z.string().nullable(),
  /** The commit before; null where it is not known. */
  from: z.string().nullable(),
  /**
   * `live`: the commit is what visitors see. `unchanged`: it was already. `refused`: nothing was touched. `rolled_back`:
   * it could not be built, and the work tree is back at `from`. `stuck`: nor could the work tree be put back.
   * `interrupted`: the service ended in the middle, and the work tree was put back at the next start.
   */
  result: z.enum(['live', 'unchanged', 'refused', 'rolled_back', 'stuck', 'interrupted']),
  /** Why it is not live, as in `docs/errors.md`. */
  code: z.string().optional(),
  message: z.string().optional(),
  hint: z.string().optional(),
  /** Hugo's own lines: its errors, or the warnings of a build that went live. */
  lines: z.array(z.string()).optional(),
  /** The release that went live. */
  release: z.string().optional(),
  /** Where changes are kept that somebody had made by hand to files of the repository: a Git ref in the site. */
  kept: z.string().optional(),
  request_id: z.string(),
});

/** How a pull of the site's own repository ended. */
export type PullOutcome = z.infer<typeof outcomeSchema>;

const underWaySchema = z.object({
  from: z.string(),
  to: z.string(),
  branch: z.string(),
  /** A commit with what was changed in tracked files before. */
  kept: z.string().optional(),
  request_id: z.string(),
});

/** A pull that has begun to change the work tree. */
export type PullUnderWay = z.infer<typeof underWaySchema>;

const stateSchema = z.object({ last: outcomeSchema.optional(), under_way: underWaySchema.optional() });

/** What is known of pulls, kept across restarts in `STATE_DIR/site-pull.json`. */
export interface PullState {
  /** How the last pull ended; undefined if there was none. */
  last(): PullOutcome | undefined;
  /** The pull that a stop of the service interrupted, or that could not be undone. */
  underWay(): PullUnderWay | undefined;
  /** Before the first change of the work tree. */
  begin(pull: PullUnderWay): Promise<void>;
  /** Ends what was begun. `stuck` leaves it open: the next start tries again to put the work tree back. */
  finish(outcome: PullOutcome): Promise<void>;
  /** Takes back what was begun, with nothing to say of it. */
  forget(): Promise<void>;
}

/** Opens the state. A file that cannot be read or understood counts as none: it holds no content. */
export async function openPullState(stateDir: string): Promise<PullState> {
  const file = path.join(stateDir, 'site-pull.json');
  await removeLeftovers(file);
  let state = await readState(file);
  const save = async (next: z.infer<typeof stateSchema>) => {
    await atomicWrite(file, `${JSON.stringify(next, null, 2)}\n`);
    state = next;
  };
  return {
    last: () => state.last,
    underWay: () => state.under_way,
    begin: (pull) => save({ ...state, under_way: pull }),
    finish: (outcome) => save({ last: outcome, ...(outcome.result === 'stuck' && { under_way: state.under_way }) }),
    forget: () => save({ ...(state.last && { last: state.last }) }),
  };
}

async function readState(file: string): Promise<z.infer<typeof stateSchema>> {
  try {
    return stateSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return {};
  }
}
