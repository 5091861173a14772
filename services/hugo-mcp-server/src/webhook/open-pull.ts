import path from 'node:path';
import type { Lifecycle } from '@arleo/runtime/serve/lifecycle';
import { createSitePull, type SitePull, type SitePullOptions } from './pull-site.ts';
import { openPullState, type PullOutcome } from './pull-state.ts';
import { createSiteGit } from './site-git.ts';
import { createSiteRepository } from './site-repository.ts';

/** What the owner has configured of the site's own repository. */
export interface SiteRepositoryConfig {
  branch: string;
  /** Submodules follow the commit, too. */
  submodules: boolean;
}

/** What {@link openSitePull} needs. */
export interface OpenPullOptions
  extends SiteRepositoryConfig,
    Omit<SitePullOptions, 'repository' | 'state' | 'branch'> {
  /** The site's real path. */
  siteDir: string;
  stateDir: string;
  /** PATH for git. */
  searchPath: string;
}

/** Pulls of the site's own repository, and how the last one ended. */
export interface OpenedPull extends Pick<SitePull, 'pull'> {
  /** Undefined if there was none. */
  last(): PullOutcome | undefined;
}

/**
 * Opens what pulls the site's own repository. A pull that the service did not survive is undone first, so that whoever
 * reads the site after this finds the commit that was live; hugo-mcp-proxy was not told and asks again.
 */
export async function openSitePull(options: OpenPullOptions, lifecycle: Lifecycle): Promise<OpenedPull> {
  const { siteDir, stateDir, searchPath, branch, submodules, ...ports } = options;
  const git = createSiteGit({ siteDir, home: path.join(stateDir, 'home'), searchPath });
  lifecycle.onClose('git of the site', () => git.close());
  const state = await openPullState(stateDir);
  const repository = createSiteRepository({ git, siteDir, branch, submodules });
  const sitePull = createSitePull({ ...ports, repository, state, branch });
  await sitePull.recover();
  return { pull: sitePull.pull, last: state.last };
}
