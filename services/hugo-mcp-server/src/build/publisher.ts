import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Site } from '../site/site.ts';
import { type BuildResult, type BuildSiteOptions, buildSite } from './build-site.ts';
import { releaseAddresses } from './release-addresses.ts';

/** Makes the content as it is on disk the live site, and knows what is live. */
export interface Publisher {
  /**
   * Builds and switches. Asks Hugo anew for configuration and URLs on the way.
   * @param commit the newest commit of the content history
   * @param id of the build, and of the release that it makes
   * @throws as {@link buildSite}, and `site_config_invalid`
   */
  publish(commit: string | undefined, id: string): Promise<BuildResult>;
  /** True if the live release has a file at this URL. */
  serves(url: string): Promise<boolean>;
  /**
   * True if the live release sends visitors on from one of these URLs to the other, or if both are one at which it has
   * a file. A page moved twice is sent on in one step: each of its old addresses is an alias.
   */
  redirects(from: string, to: string | undefined): Promise<boolean>;
  /** Where on disk the live release has what it serves at this URL; undefined if it has nothing there. */
  fileAt(url: string): Promise<string | undefined>;
}

/** What the publisher needs to know of the pages. */
export interface PublishedPages {
  /** Every page file of the site. */
  pages(): readonly unknown[];
  /** Reads all pages again: the configuration changed, and with it what is a page. */
  rebuild(): Promise<void>;
}

export function createPublisher(options: BuildSiteOptions & { site: Site; index: PublishedPages }): Publisher {
  const { site, index, releases } = options;

  const fileAt = async (url: string): Promise<string | undefined> => {
    const release = await releases.live();
    if (release === undefined) return undefined;
    for (const file of releaseAddresses(site.facts()).filesAt(url)) {
      const absolute = path.join(releases.dirOf(release.id), file);
      const stats = await stat(absolute).catch(() => undefined);
      if (stats?.isFile()) return absolute;
    }
    return undefined;
  };

  return {
    async publish(commit, id) {
      if (await site.refresh()) await index.rebuild();
      const result = await buildSite(options, {
        id,
        facts: site.facts(),
        sources: index.pages().length,
        ...(commit === undefined ? {} : { commit }),
      });
      // Behind the build: reading the whole site once more beside it would make the answer later.
      site.refreshPages().catch(() => undefined);
      return result;
    },
    fileAt,
    async redirects(from, to) {
      const { baseUrl } = site.facts();
      if (to === undefined) return false;
      const target = new URL(to, new URL(baseUrl, 'http://localhost'));
      const file = await fileAt(from);
      if (new URL(from, target).href === target.href) return file !== undefined;
      const { redirectTarget } = await import('../site/rendered-page.ts');
      const leads = file === undefined ? undefined : redirectTarget(await readFile(file, 'utf8').catch(() => ''));
      return (
        leads !== undefined && URL.canParse(leads, target.href) && new URL(leads, target.href).href === target.href
      );
    },
    serves: async (url) => (await fileAt(url)) !== undefined,
  };
}
