import type { BuildResult } from '../build/build-site.ts';
import type { Publisher } from '../build/publisher.ts';
import { type Library, type PageEffect, type PageRef, type PlannedChange, refOf } from './change.ts';
import type { IsLiveVersion } from './live-version.ts';
import { revisionOf } from './revision.ts';
import { MAX_FILE_BYTES } from './site-files.ts';
import { type NotMade, type WhyNotServed, whyHidden } from './why-hidden.ts';

/** Where one page of a change stands. */
export interface PageOutcome {
  page: PageRef;
  /** Where it was before it moved. */
  from?: PageRef;
  /** Undefined if the page is gone. */
  revision?: string;
  url?: string;
  /** Visitors get the site in this state: the page as it is now, or no page. */
  live: boolean;
  /** Why visitors do not get the page, or not yet. */
  hidden?: NotMade;
  /** The address that it had before it moved, and whether that leads visitors on to the page: not known while it is built. */
  old?: { url: string; redirects?: boolean };
}

/** What a write did. Written, committed and live are separate facts. It is kept as JSON: see {@link Answers}. */
export interface WriteOutcome {
  pages: PageOutcome[];
  /** What the plan noted. */
  notes: Record<string, unknown>;
  /** False if everything was so already. */
  changed: boolean;
  commit?: string;
  /** The build that made it live. */
  build?: BuildResult;
  /** The build that it waits for, when the answer could not wait. */
  building?: string;
}

/** A change as far as its outcome needs it. */
export type MadeChange = Pick<PlannedChange, 'pages' | 'notes'> & { commit?: string | undefined };

/** Tells what became of a change. */
export type TellOutcome = (
  change: MadeChange,
  build: BuildResult | undefined,
  building?: string,
) => Promise<WriteOutcome>;

/** @see {@link TellOutcome} */
export function createTellOutcome(
  library: Library,
  publisher: Pick<Publisher, 'serves' | 'redirects'>,
  isLiveVersion: IsLiveVersion,
  whyNotServed: WhyNotServed,
): TellOutcome {
  const { site, index, files } = library;

  const whereIs = async (page: PageRef) => {
    const known = index.find(page.route, page.lang);
    const url = site.urlOf(known?.file === page.file ? known : page);
    const served = url !== undefined && (await publisher.serves(url)) && site.sharesUrl(page.file) === undefined;
    return { url, served };
  };

  const pageOutcome = async (
    { page, revision, from, oldUrl }: PageEffect,
    { built, building }: { built: boolean; building: boolean },
  ): Promise<PageOutcome> => {
    let { url, served } = await whereIs(page);
    if (!served && revision !== undefined && !building) {
      // Its address may have changed, or be one that only Hugo knows.
      await site.pagesKnown();
      ({ url, served } = await whereIs(page));
    }
    const gone = revision === undefined;
    // As it is on disk: the index hears of what is done by hand a little later.
    const bytes = building ? undefined : await files.read(page.file, MAX_FILE_BYTES);
    const isOnDisk = (bytes && revisionOf(bytes)) === revision;
    // Another one than this: a later change, in the same build or since, or one that the live release does not have.
    const other =
      served &&
      !gone &&
      !building &&
      !(isOnDisk
        ? built || (await isLiveVersion(page.file, bytes ?? revision))
        : await isLiveVersion(page.file, revision));
    const live = !building && (gone ? !served : served && !other);
    const reason = async (): Promise<NotMade | undefined> => {
      if (!isOnDisk) return 'superseded';
      // Gone, and another page has its address.
      if (gone) return undefined;
      if (other) return 'newer_than_live';
      return built ? whyHidden(library, page.file) : whyNotServed(page.file, bytes ?? revision);
    };
    const hidden = building ? 'building' : live ? undefined : await reason();
    const redirects = oldUrl === undefined || building ? undefined : await publisher.redirects(oldUrl, url);
    return {
      page: refOf(page),
      ...(from === undefined ? {} : { from: refOf(from) }),
      ...(gone ? {} : { revision }),
      ...(gone || url === undefined ? {} : { url }),
      live,
      ...(hidden === undefined ? {} : { hidden }),
      ...(oldUrl === undefined ? {} : { old: { url: oldUrl, ...(redirects === undefined ? {} : { redirects }) } }),
    };
  };

  return async ({ pages = [], notes = {}, commit }, build, building) => ({
    pages: await Promise.all(
      pages.map((page) => pageOutcome(page, { built: build !== undefined, building: building !== undefined })),
    ),
    notes,
    changed: commit !== undefined,
    ...(commit === undefined ? {} : { commit }),
    ...(build === undefined ? {} : { build }),
    ...(building === undefined ? {} : { building }),
  });
}
