import type { ListedPage } from '../site/hugo-list.ts';
import type { Library } from './change.ts';

/** Why visitors do not see a page. */
export type Hidden = 'draft' | 'future' | 'expired' | 'not_built';

/**
 * Why a page that the live release does not have is not there, as Hugo says of its file. `not_built` if Hugo gives no
 * reason: it makes no page of the file, or has not been asked since the file appeared.
 */
export function whyHidden({ site, now }: Pick<Library, 'site' | 'now'>, file: string): Hidden {
  return hiddenAt(site.listed(file), now()) ?? 'not_built';
}

/** What keeps a page off the site at a moment by what Hugo says of it; undefined if nothing does. */
export function hiddenAt(listed: ListedPage | undefined, now: Date): Exclude<Hidden, 'not_built'> | undefined {
  const moment = now.getTime();
  if (listed?.draft) return 'draft';
  if (listed?.publishDate !== undefined && Date.parse(listed.publishDate) > moment) return 'future';
  if (listed?.expiryDate !== undefined && Date.parse(listed.expiryDate) <= moment) return 'expired';
  return undefined;
}
