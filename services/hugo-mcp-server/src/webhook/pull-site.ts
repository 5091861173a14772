import { ArleoError, isArleoError } from '@arleo/core/errors';
import { BuildError, type BuildResult } from '../build/build-site.ts';
import type { PullOutcome, PullState, PullUnderWay } from './pull-state.ts';
import { refusePull, refuseTrackedContent } from './refuse-pull.ts';
import type { SiteRepository } from './site-repository.ts';

/** What a pull works with. */
export interface SitePullOptions {
  repository: SiteRepository;
  state: PullState;
  branch: string;
  /** The content folders, as Hugo's configuration names them now. */
  roots(): readonly string[];
  /** The folders that tools upload into, beside the content. */
  uploads(): readonly string[];
  /** Lets `act` have the site alone; `build` builds it and puts it live. */
  alone<T>(act: (build: () => Promise<BuildResult>) => Promise<T>): Promise<T>;
  /** Reads the site's configuration and pages anew. */
  reread(): Promise<void>;
  onError(message: string, error: unknown): void;
  now?(): Date;
}

/** What asks for a pull. */
export interface PullRequest {
  /** The branch that was pushed to. */
  branch: string;
  requestId: string;
}

/** Pulls the site's own repository. */
export interface SitePull {
  /**
   * Fetches the branch, sets the work tree to it and builds. What cannot be built is not put live, and the work tree goes
   * back to the commit before. One pull after the other; a refusal is an outcome.
   *
   * @throws {@link ArleoError} `shutting_down`: nothing was pulled, ask again
   */
  pull(request: PullRequest): Promise<PullOutcome>;
  /** Puts the work tree back if the service ended in the middle of a pull. To be called before anybody reads the site. */
  recover(): Promise<void>;
}

type Told = Omit<PullOutcome, 'at' | 'branch' | 'request_id'>;

/** @see {@link SitePull} */
export function createSitePull(options: SitePullOptions): SitePull {
  const { repository, state, branch, alone, reread, onError, now = () => new Date() } = options;
  let queue: Promise<unknown> = Promise.resolve();

  const ended = (told: Told, requestId: string): PullOutcome => ({
    at: now().toISOString(),
    branch,
    ...told,
    request_id: requestId,
  });

  const undo = async ({ from, kept }: PullUnderWay) => {
    await repository.resetBack(from);
    if (kept !== undefined) await repository.restoreChanges(kept);
  };

  /** Keeps what was changed in tracked files: what tools uploaded goes back after the reset, the rest gets a name. */
  const keep = async () => {
    const changed = await repository.changed();
    if (changed.length === 0) return undefined;
    const uploaded = changed.filter((file) => options.uploads().some((dir) => file.startsWith(`${dir}/`)));
    const commit = await repository.keepChanges();
    return { commit, uploaded, ...(uploaded.length < changed.length && { ref: await repository.nameKept(commit) }) };
  };

  const apply = async (to: string, requestId: string, build: () => Promise<BuildResult>): Promise<Told> => {
    const from = await repository.head();
    const last = state.last();
    if (from === to && last?.commit === to && (last.result === 'live' || last.result === 'unchanged')) {
      return { commit: to, from, result: 'unchanged' };
    }
    await refusePull(repository, options.roots(), to);
    const kept = await keep();
    const begun: PullUnderWay = { from, to, branch, request_id: requestId, ...(kept && { kept: kept.commit }) };
    await state.begin(begun);
    try {
      await repository.reset(to);
      // A file that a tool has uploaded over one of the repository's is the site's, whatever was pushed.
      if (kept !== undefined) await repository.takeFrom(kept.commit, kept.uploaded);
      await reread();
      // The pushed configuration may name other content folders than the one before.
      await refuseTrackedContent(repository, options.roots(), to);
      const { release, warnings } = await build();
      return {
        commit: to,
        from,
        result: 'live',
        release: release.id,
        lines: warnings,
        ...(kept?.ref && { kept: kept.ref }),
      };
    } catch (error) {
      return await takeBack(begun, error);
    }
  };

  const takeBack = async (begun: PullUnderWay, error: unknown): Promise<Told> => {
    const { from, to: commit, kept } = begun;
    try {
      await undo(begun);
    } catch (failure) {
      onError('the work tree could not be put back to the commit before the push', failure);
      return { commit, from, result: 'stuck', ...why(failure), ...(kept && { kept }) };
    }
    await reread().catch((failure: unknown) => onError('the site could not be read after a pull was undone', failure));
    if (isArleoError(error, 'shutting_down')) {
      await state.forget();
      throw error;
    }
    if (!(error instanceof ArleoError)) onError('a pull failed', error);
    return { commit, from, result: 'rolled_back', ...why(error) };
  };

  /** Tries once more what a pull before could not do; gives the outcome if it still cannot be done. */
  const undoStuck = (open: PullUnderWay): Promise<Told | undefined> =>
    alone(async () => {
      try {
        await undo(open);
        return undefined;
      } catch (error) {
        return {
          commit: open.to,
          from: open.from,
          result: 'stuck',
          ...why(error),
          ...(open.kept && { kept: open.kept }),
        };
      }
    });

  const pull = async ({ branch: pushed, requestId }: PullRequest): Promise<PullOutcome> => {
    let commit: string | null = null;
    let told: Told;
    const fetchAndApply = async () => {
      await repository.head();
      const to = await repository.fetch();
      commit = to;
      return alone((build) => apply(to, requestId, build));
    };
    try {
      if (pushed !== branch) throw otherBranch(pushed, branch);
      const open = state.underWay();
      told = (open && (await undoStuck(open))) ?? (await fetchAndApply());
    } catch (error) {
      if (isArleoError(error, 'shutting_down')) throw error;
      if (!(error instanceof ArleoError)) onError('a pull failed', error);
      told = { commit, from: null, result: 'refused', ...why(error) };
    }
    const outcome = ended(told, requestId);
    await state.finish(outcome);
    return outcome;
  };

  return {
    pull(request) {
      const result = queue.then(() => pull(request));
      queue = result.catch(() => undefined);
      return result;
    },
    async recover() {
      const open = state.underWay();
      if (open === undefined) return;
      const { from, to, kept, request_id } = open;
      try {
        await repository.breakLocks();
        await undo(open);
        await state.finish(ended({ commit: to, from, result: 'interrupted' }, request_id));
      } catch (error) {
        onError('the work tree could not be put back to the commit before the push', error);
        const told: Told = { commit: to, from, result: 'stuck', ...why(error), ...(kept && { kept }) };
        await state.finish(ended(told, request_id));
      }
    },
  };
}

/** The error as it is kept and told. */
function why(error: unknown): Pick<PullOutcome, 'code' | 'message' | 'hint' | 'lines'> {
  if (!(error instanceof ArleoError)) {
    return { code: 'internal', message: 'Something went wrong in hugo-mcp-server; its log says more.' };
  }
  return {
    code: error.code,
    message: error.message,
    ...(error.hint && { hint: error.hint }),
    ...(error instanceof BuildError && { lines: error.lines }),
  };
}

function otherBranch(pushed: string, branch: string): ArleoError {
  return new ArleoError('branch_mismatch', `The push was to ${pushed}, and this service pulls ${branch}.`, {
    hint: 'Set SITE_BRANCH to the same branch for hugo-mcp-proxy and hugo-mcp-server.',
  });
}
