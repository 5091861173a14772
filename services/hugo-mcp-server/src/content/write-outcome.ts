import type { BuildResult } from '../build/build-site.ts';
import type { Publisher } from '../build/publisher.ts';
import type { Library, PageEffect, PageRef, PlannedChange } from './change.ts';
import type { IsLiveVersion } from './live-version.ts';
import { revisionOf } from './revision.ts';
import { type NotLive, whyHidden } from './why-hidden.ts';

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
  hidden?: NotLive | 'building';
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
  publisher: Pick<Publisher, 'serves'>,
  isLiveVersion: IsLiveVersion,
): TellOutcome {
  const { site, index, files } = library;

  const whereIs = async (page: PageRef) => {
    const known = index.find(page.route, page.lang);
    const url = site.urlOf(known?.file === page.file ? known : page);
    const served = url !== undefined && (await publisher.serves(url)) && site.sharesUrl(page.file) === undefined;
    return { url, served };
  };

  const isLive = async (file: string, revision: string) => {
    const bytes = await files.read(file);
    return bytes !== undefined && revisionOf(bytes) === revision && isLiveVersion(file, bytes);
  };

  const pageOutcome = async (
    { page, revision, from }: PageEffect,
    { built, building }: { built: boolean; building: boolean },
  ): Promise<PageOutcome> => {
    let { url, served } = await whereIs(page);
    if (!served && revision !== undefined && !building) {
      // Its address may have changed, or be one that only Hugo knows.
      await site.pagesKnown();
      ({ url, served } = await whereIs(page));
    }
    const gone = revision === undefined;
    // Without a build of its own a change may be one that the live release does not have.
    const older = served && !gone && !building && !built && !(await isLive(page.file, revision));
    const live = !building && (gone ? !served : served && !older);
    const reason = () => (older ? 'newer_than_live' : whyHidden(library, page.file));
    const hidden = building ? 'building' : gone || live ? undefined : reason();
    return {
      page: refOf(page),
      ...(from === undefined ? {} : { from: refOf(from) }),
      ...(gone ? {} : { revision }),
      ...(gone || url === undefined ? {} : { url }),
      live,
      ...(hidden === undefined ? {} : { hidden }),
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

/** Without what an index knows beside. */
function refOf({ file, route, lang, kind }: PageRef): PageRef {
  return { file, route, lang, kind };
}
