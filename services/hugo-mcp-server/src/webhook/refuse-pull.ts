import { ArleoError } from '@arleo/core/errors';
import type { SiteRepository } from './site-repository.ts';

/**
 * Refuses a pull that would touch what is not the repository's: pages that it tracks too, and files on disk that nobody
 * tracks where the commit has some of its own.
 *
 * @param roots the content folders that Hugo's configuration names
 * @throws {@link ArleoError} `content_tracked`, `untracked_in_the_way`
 */
export async function refusePull(repository: SiteRepository, roots: readonly string[], commit: string): Promise<void> {
  await refuseTrackedContent(repository, roots, commit);
  const inTheWay = await repository.inTheWay(commit);
  if (inTheWay.length === 0) return;
  throw new ArleoError(
    'untracked_in_the_way',
    `The push adds files where the site has others that no repository tracks: ${inTheWay.join(', ')}. Nothing was touched.`,
    { hint: 'Move them away on the site’s machine, or take them out of the push.' },
  );
}

/**
 * @throws {@link ArleoError} `content_tracked` if the work tree or the commit has files of these folders: a reset to the
 *   one would overwrite pages, and to a commit without them would delete pages
 */
export async function refuseTrackedContent(
  repository: SiteRepository,
  roots: readonly string[],
  commit: string,
): Promise<void> {
  for (const [where, files] of [
    ['The site’s repository', await repository.trackedIn(roots)],
    ['The pushed commit', await repository.trackedIn(roots, commit)],
  ] as const) {
    if (files.length === 0) continue;
    throw new ArleoError(
      'content_tracked',
      `${where} tracks content (${roots.join(', ')}): ${files.join(', ')}. A pull would overwrite pages, so nothing was touched.`,
      {
        hint: `Pages belong to Arleo alone. In your clone and in SITE_DIR: git rm -r --cached --quiet ${roots.join(' ')}; name the folder in .gitignore, commit and push.`,
      },
    );
  }
}
