import type { Site } from '../site/site.ts';
import type { IndexedPage, PageIndex } from './page-index.ts';
import type { SiteFiles } from './site-files.ts';

/** What every read and every change of content works on. */
export interface Library {
  site: Site;
  files: SiteFiles;
  index: PageIndex;
  now(): Date;
}

/** The page that a change is about. */
export type PageRef = Pick<IndexedPage, 'file' | 'route' | 'lang' | 'kind'>;

/** A page without what an index knows beside. */
export function refOf({ file, route, lang, kind }: PageRef): PageRef {
  return { file, route, lang, kind };
}

/** A page as a plan sees it. */
export type PlannedPage = PageRef & Pick<IndexedPage, 'revision' | 'links'>;

/** What a plan sees of the site: as it is on disk, or as the changes planned before it would leave it. */
export interface Workspace {
  site: Pick<Site, 'facts' | 'urlOf'>;
  files: Pick<SiteFiles, 'read' | 'size' | 'entries'>;
  index: Pick<PageIndex, 'enclosingBundle' | 'holdsOtherPages' | 'refresh'> & {
    pages(): readonly PlannedPage[];
    find(route: string, lang: string): PlannedPage | undefined;
    translations(route: string): PlannedPage[];
  };
  now(): Date;
}

/** One file before and after; undefined is "not there". */
export interface FileEdit {
  file: string;
  before: Buffer | undefined;
  after: Buffer | undefined;
}

/** A file that goes elsewhere as it is, without being read. */
export interface FileMove {
  from: string;
  to: string;
}

/** What a change does to one page. */
export interface PageEffect {
  page: PageRef;
  /** Its revision afterwards; undefined if the page is gone. */
  revision?: string | undefined;
  /** Where it was before it moved. */
  from?: PageRef | undefined;
  /** The address that it had there, if that was known. */
  oldUrl?: string | undefined;
}

/** A change that was found good and is ready to be made. */
export interface PlannedChange {
  /** The pages that it is about, in the order in which they were asked for; none for a change of other files. */
  pages?: PageEffect[];
  /** Edits and moves are both empty if everything is so already. */
  edits: FileEdit[];
  moves?: FileMove[];
  /** What else the answer says, as JSON; it is kept with the change and given back in its outcome as it is. */
  notes?: Record<string, unknown> | undefined;
  /** First line of the commit: `Update posts/hello (fr)`. Lines after a blank one say more. */
  message: string;
}

/**
 * Checks a change against the site as it is at this moment. It runs when its turn comes, and again if the changes it
 * was built with have to be taken back.
 */
export type Plan = (workspace: Workspace) => Promise<PlannedChange>;

/** Every file that a change touches. */
export function filesOf({ edits, moves = [] }: Pick<PlannedChange, 'edits' | 'moves'>): string[] {
  return [...edits.map(({ file }) => file), ...moves.flatMap(({ from, to }) => [from, to])];
}

/** True if there is nothing to do. */
export function changesNothing({ edits, moves = [] }: PlannedChange): boolean {
  return edits.length === 0 && moves.length === 0;
}
