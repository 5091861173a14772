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

/** One file before and after; undefined is "not there". */
export interface FileEdit {
  file: string;
  before: Buffer | undefined;
  after: Buffer | undefined;
}

/** A change that was found good and is ready to be made. */
export interface PlannedChange {
  /** Empty if everything is so already. */
  edits: FileEdit[];
  /** First line of the commit: `Update posts/hello (fr)`. */
  message: string;
}

/** A change of one page. */
export interface PageChange extends PlannedChange {
  page: PageRef;
}

/**
 * Checks a change against the site as it is at this moment. It runs when its turn comes, and again if the changes it
 * was built with have to be taken back.
 */
export interface Plan<Change extends PlannedChange = PlannedChange> {
  (library: Library): Promise<Change>;
  /**
   * The files outside of the content folders that the change may touch. The history takes content as a whole and these
   * one by one, before the change: it can then be taken back to what was there. Called right before the plan.
   */
  touches?(library: Library): readonly string[];
}
