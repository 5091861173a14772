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
  page: PageRef;
  /** Empty if everything is so already. */
  edits: FileEdit[];
  /** First line of the commit: `Update posts/hello (fr)`. */
  message: string;
}

/**
 * Checks a change against the site as it is at this moment. It runs when its turn comes, and again if the changes it
 * was built with have to be taken back.
 */
export type Plan = (library: Library) => Promise<PlannedChange>;
