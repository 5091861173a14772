import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { ArleoError } from '@arleo/core/errors';
import type { SiteFacts } from '../site/site-facts.ts';
import type { Release } from './releases.ts';

/** Below this number of pages a site may lose any share of them in one build. */
const smallSite = 10;

/**
 * Checks a build that Hugo called good before it goes live, and counts its pages.
 *
 * @param sources page files in the site now
 * @param previous the live release, if there is one
 * @param searchPath PATH for the `find` program
 * @returns the number of HTML files
 * @throws {@link ArleoError} `build_no_home` if there is no home page, `build_collapsed` if more than half of the pages
 *   are gone although the page files are still there (a broken theme or a wrong configuration). How many there are says
 *   nothing when the content folders or languages are others than before: then the pages alone count.
 */
export async function checkRelease(
  dir: string,
  facts: SiteFacts,
  sources: number,
  previous: Release | undefined,
  searchPath: string,
): Promise<number> {
  if (!(await hasHome(dir, facts))) {
    throw new ArleoError('build_no_home', 'Hugo built the site without a home page. The live site stays as it was.', {
      hint: 'A theme or the home layout is missing. Run hugo by hand in the site and look at its warnings.',
    });
  }
  const pages = await countHtml(dir, searchPath);
  if (
    previous !== undefined &&
    previous.pages > smallSite &&
    pages * 2 < previous.pages &&
    (sources * 2 >= previous.sources || (previous.shape !== undefined && previous.shape !== shapeOf(facts)))
  ) {
    throw new ArleoError(
      'build_collapsed',
      `The new build has ${pages} pages, the live site has ${previous.pages}. The live site stays as it was.`,
      {
        hint: `Page files went from ${previous.sources} to ${sources}: a layout or the configuration is broken. If the loss is meant, remove the live release's .json file in the releases folder and build again.`,
      },
    );
  }
  return pages;
}

/** What decides which files are pages: content folders and languages, as text to compare. */
export function shapeOf({ roots, languages }: Pick<SiteFacts, 'roots' | 'languages'>): string {
  const folders = roots.map(({ dir, prefix, lang = '' }) => [dir, prefix, lang].join(' ')).sort();
  return JSON.stringify([folders, languages.map(({ code }) => code).sort()]);
}

async function hasHome(dir: string, facts: SiteFacts): Promise<boolean> {
  const candidates = ['index.html', ...facts.languages.map(({ code }) => path.join(code, 'index.html'))];
  for (const candidate of candidates) {
    const stats = await stat(path.join(dir, candidate)).catch(() => undefined);
    if (stats?.isFile() && stats.size > 0) return true;
  }
  return false;
}

/** The most pages that are counted: `find` prints a byte for each. */
const maxPages = 64 * 1024 * 1024;

/**
 * By the `find` program: to read thousands of folders from here takes five times as long, and every read of a page would
 * wait behind them.
 */
async function countHtml(dir: string, searchPath: string): Promise<number> {
  const html = ['!', '-type', 'd', '-name', '*.html', '-printf', '.'];
  const { stdout } = await promisify(execFile)('find', [dir, ...html], {
    env: { PATH: searchPath },
    maxBuffer: maxPages,
  });
  return stdout.length;
}
