import type { Releases } from '../build/releases.ts';
import type { ListedPage } from '../site/hugo-list.ts';
import type { Library } from './change.ts';
import type { IsLiveVersion } from './live-version.ts';

/** Why visitors do not see a page. */
export type Hidden = 'draft' | 'future' | 'expired' | 'address_taken' | 'not_built' | 'not_built_yet';

/** Why visitors do not get a page as it is now: `newer_than_live` if they get an older version of it. */
export type NotLive = Hidden | 'newer_than_live';

/**
 * Why visitors do not get what a change made, or not yet: it is being built, or a later change of the same page took its
 * place.
 */
export type NotMade = NotLive | 'building' | 'superseded';

/**
 * Why a page that the live release does not have is not there, as Hugo says of its file. `not_built` if Hugo gives no
 * reason: it makes no page of the file, or has not been asked since the file appeared.
 */
export function whyHidden({ site, now }: Pick<Library, 'site' | 'now'>, file: string): Hidden {
  return hiddenAt(site.listed(file), now()) ?? (site.sharesUrl(file) === undefined ? 'not_built' : 'address_taken');
}

/**
 * The same for a page that was not built just now: `not_built_yet` if the live release was built before the page was as
 * it is, or before its time had come.
 *
 * @param version the page's bytes, or their revision
 */
export type WhyNotServed = (file: string, version: Buffer | string) => Promise<Hidden>;

/** @see {@link WhyNotServed} */
export function createWhyNotServed(
  library: Pick<Library, 'site' | 'index' | 'now'>,
  releases: Pick<Releases, 'live'>,
  isLiveVersion: IsLiveVersion,
): WhyNotServed {
  const { site, index } = library;
  return async (file, version) => {
    const why = whyHidden(library, file);
    if (why !== 'not_built') return why;
    // Hugo is asked at builds; a page that was written by hand since says itself that it is a draft.
    if (index.at(file)?.draft) return 'draft';
    const live = await releases.live();
    const { publishDate } = site.listed(file) ?? {};
    const builtFrom = live === undefined ? undefined : Date.parse(live.built_at) - live.build_ms;
    if (publishDate !== undefined && builtFrom !== undefined && Date.parse(publishDate) > builtFrom) {
      return 'not_built_yet';
    }
    return (await isLiveVersion(file, version)) ? 'not_built' : 'not_built_yet';
  };
}

/** What keeps a page off the site at a moment by what Hugo says of it; undefined if nothing does. */
export function hiddenAt(
  listed: ListedPage | undefined,
  now: Date,
): Extract<Hidden, 'draft' | 'future' | 'expired'> | undefined {
  const moment = now.getTime();
  if (listed?.draft) return 'draft';
  if (listed?.publishDate !== undefined && Date.parse(listed.publishDate) > moment) return 'future';
  if (listed?.expiryDate !== undefined && Date.parse(listed.expiryDate) <= moment) return 'expired';
  return undefined;
}
