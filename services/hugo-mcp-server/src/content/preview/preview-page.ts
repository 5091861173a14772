import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { createPageArgs, updatePageArgs } from '@arleo/core/content/arguments';
import type { PreviewPageArgs } from '@arleo/core/content/read-arguments';
import { ArleoError } from '@arleo/core/errors';
import { releaseAddresses } from '../../build/release-addresses.ts';
import { askPages } from '../../site/ask-hugo.ts';
import type { Hugo } from '../../site/hugo-command.ts';
import { hugoMessages } from '../../site/hugo-messages.ts';
import type { RenderedPage } from '../../site/rendered-page.ts';
import type { FileEdit, Library, PageRef } from '../change.ts';
import { createPage } from '../create-page.ts';
import { findPage, requireLanguage } from '../find-page.ts';
import { marked } from '../marked.ts';
import { updatePage } from '../update-page.ts';
import { type Hidden, hiddenAt } from '../why-hidden.ts';
import { copySite } from './site-copy.ts';

/** A page as it would be. */
export interface PagePreview {
  page: PageRef;
  /** False for a page that would be new. */
  exists: boolean;
  /** False if the arguments change nothing. */
  changed: boolean;
  url: string | undefined;
  /** What keeps it from visitors if it is written so; undefined if nothing does. */
  hidden: Hidden | undefined;
  /** Undefined if Hugo makes no HTML of it. */
  rendered: RenderedPage | undefined;
  /** Hugo's warnings of the whole site. */
  warnings: string[];
  buildMs: number;
}

/** Builds pages as they would be. */
export interface Previews {
  /**
   * @throws {@link ArleoError} what the change's plan throws, `arguments_invalid`, `preview_busy`, `hugo_failed` with
   *   Hugo's own lines, `hugo_timeout`
   */
  preview(args: PreviewPageArgs): Promise<PagePreview>;
}

export interface PreviewOptions {
  library: Library;
  hugo: Hugo;
  /** Where the throw-away folders are; what a crash left there is removed at the start. */
  scratchDir: string;
  /** What Hugo downloads and renders once, kept between previews and away from the real builds. */
  cacheDir: string;
}

const prefix = 'preview-';
const timeoutMs = 90_000;
/** Previews that may wait for the one that is being built. */
const maxWaiting = 3;

/** Removes what previews left that were killed. */
export async function openPreviews(options: PreviewOptions): Promise<Previews> {
  const { library, scratchDir } = options;
  for (const name of await readdir(scratchDir).catch(() => [])) {
    if (name.startsWith(prefix)) await rm(path.join(scratchDir, name), { recursive: true, force: true });
  }
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  /** One at a time: each is a build of the whole site. */
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (waiting > maxWaiting) {
      throw new ArleoError('preview_busy', 'Other previews are being built.', { hint: 'Try again in a moment.' });
    }
    waiting += 1;
    const mine = turn.then(work);
    turn = mine.catch(() => {});
    return mine.finally(() => {
      waiting -= 1;
    });
  };

  return {
    async preview(args) {
      const { page, exists, edits } = await planned(library, args);
      return inTurn(async () => {
        const dir = await mkdtemp(path.join(scratchDir, prefix));
        try {
          return { page, exists, changed: edits.length > 0, ...(await build(options, dir, page, edits)) };
        } finally {
          await rm(dir, { recursive: true, force: true, maxRetries: 3 });
        }
      });
    },
  };
}

/** What the arguments change, checked by the same rules as a write. */
async function planned(library: Library, args: PreviewPageArgs) {
  const lang = args.lang ?? library.site.facts().defaultLanguage;
  requireLanguage(library, lang);
  const wanted = { ...args, lang };
  const { from_line: _line, from_column: _column, ...change } = wanted;
  const exists = library.index.find(args.route, lang) !== undefined;
  const changes = Object.keys(change).some((key) => key !== 'route' && key !== 'lang');
  if (exists || !changes) {
    const { page } = await findPage(library, args.route, lang);
    if (!changes) return { page, exists: true, edits: [] };
  }
  const checked = (exists ? updatePageArgs : createPageArgs).safeParse(change);
  if (!checked.success) {
    const lines = checked.error.issues.slice(0, 10).map(({ path: at, message }) => `- ${at.join('.')}: ${message}`);
    const what = exists ? 'This is no change that update_page takes' : 'create_page would not take this new page';
    throw new ArleoError('arguments_invalid', `${what}:\n${lines.join('\n')}`);
  }
  const plan = exists
    ? updatePage(checked.data as Parameters<typeof updatePage>[0])
    : createPage(checked.data as Parameters<typeof createPage>[0]);
  const { pages = [], edits } = await plan(library);
  const [first] = pages;
  if (first === undefined) throw new TypeError('the plan of one page names no page');
  return { page: first.page, exists, edits };
}

async function build(options: PreviewOptions, dir: string, page: PageRef, edits: readonly FileEdit[]) {
  const { library, hugo, cacheDir } = options;
  const facts = library.site.facts();
  const siteDir = library.files.root;
  const [source, output] = [path.join(dir, 'site'), path.join(dir, 'public')];
  await mkdir(path.join(cacheDir, 'resources'), { recursive: true });
  await copySite({
    siteDir,
    target: source,
    roots: [...facts.roots, ...facts.staticRoots].map((root) => root.dir),
    edits,
  });
  const env = { HUGO_RESOURCEDIR: path.join(cacheDir, 'resources'), ...themesOutside(siteDir, facts.modules) };
  const where = ['--source', source, '--destination', output, '--cacheDir', path.join(cacheDir, 'hugo')];
  const [run, listed] = await Promise.all([
    hugo.run([...where, '--noBuildLock', '--buildDrafts', '--buildFuture', '--buildExpired'], { env, timeoutMs }),
    askPages(hugo, { siteDir, scratchDir: dir, source, env }),
  ]);
  const { errors, warnings } = hugoMessages(run, source);
  if (run.code !== 0) {
    const message = [
      'Hugo could not build the site with this page. Hugo says:',
      ...marked('words of Hugo', errors),
    ].join('\n');
    throw new ArleoError('hugo_failed', message, { hint: 'Nothing was written. Mend what Hugo says and try again.' });
  }
  const said = listed.get(page.file);
  const url = said?.url ?? library.site.urlOf(page);
  const file = releaseAddresses(facts).at(url);
  const html = file === undefined ? undefined : await readFile(path.join(output, file), 'utf8').catch(() => undefined);
  const { readRendered } = await import('../../site/rendered-page.ts');
  const rendered = html === undefined ? undefined : readRendered(html);
  const hidden = hiddenAt(said, library.now()) ?? (rendered === undefined ? ('not_built' as const) : undefined);
  return { url, hidden, rendered, warnings, buildMs: Math.round(run.durationMs) };
}

/** Themes that lie outside of the site (`themesDir: ../..`) are looked for from where the site is, not from its copy. */
function themesOutside(siteDir: string, modules: readonly { name: string; dir: string }[]): Record<string, string> {
  const outside = modules.find(
    ({ name, dir }) => name !== 'project' && path.basename(dir) === name && !dir.startsWith(`${siteDir}/`),
  );
  return outside === undefined ? {} : { HUGO_THEMESDIR: path.dirname(outside.dir) };
}
