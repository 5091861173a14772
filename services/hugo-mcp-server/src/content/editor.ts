import type { CreatePageArgs, DeletePageArgs, UpdatePageArgs } from '@arleo/core/content/arguments';
import type { BuildResult } from '../build/build-site.ts';
import type { Publisher } from '../build/publisher.ts';
import type { Library, PageChange, PageRef, Plan } from './change.ts';
import { createPage } from './create-page.ts';
import { deletePage } from './delete-page.ts';
import type { ChangeAuthor } from './history.ts';
import { revisionOf } from './revision.ts';
import { updatePage } from './update-page.ts';
import { type Hidden, whyHidden } from './why-hidden.ts';
import type { Progress, Writer } from './writer.ts';

/** What a write did. Written, committed and live are separate facts. */
export interface WriteOutcome {
  page: PageRef;
  /** False if everything was so already. */
  changed: boolean;
  commit: string | undefined;
  /** Undefined for a page that was deleted. */
  revision: string | undefined;
  url: string | undefined;
  /** Visitors get the site in this state: the page as it is now, or no page. */
  live: boolean;
  hidden: Hidden | undefined;
  build: BuildResult | undefined;
}

/** What a deletion did. */
export interface DeleteOutcome extends WriteOutcome {
  /** Languages in which the page still exists. */
  translations: string[];
  /** Files that stay in the page's folder although no page is left in it. */
  leftBehind: string[];
}

/** Everything that the tools change on the site. */
export interface Editor {
  /** @throws as {@link Writer.write} */
  create(args: CreatePageArgs, author: ChangeAuthor, progress: Progress): Promise<WriteOutcome>;
  update(args: UpdatePageArgs, author: ChangeAuthor, progress: Progress): Promise<WriteOutcome>;
  remove(args: DeletePageArgs, author: ChangeAuthor, progress: Progress): Promise<DeleteOutcome>;
  build(progress: Progress): Promise<BuildResult>;
}

/** What the editor works with. */
export interface EditorOptions {
  library: Library;
  writer: Writer;
  publisher: Publisher;
  /** Resolves when the site can be read; fails with the reason why not. */
  readable(): Promise<void>;
}

/** @see {@link Editor} */
export function createEditor({ library, writer, publisher, readable }: EditorOptions): Editor {
  const { site, index, files } = library;

  const write = async (plan: Plan<PageChange>, author: ChangeAuthor, progress: Progress): Promise<WriteOutcome> => {
    await readable();
    const { planned, commit, build } = await writer.write(plan, author, progress);
    const { page } = planned;
    const after = planned.edits.at(-1)?.after;
    const removed = planned.edits.length > 0 && after === undefined;
    const url = site.urlOf(page);
    const served = url !== undefined && (await publisher.serves(url));
    const revision = after === undefined ? index.find(page.route, page.lang)?.revision : revisionOf(after);
    return {
      page,
      changed: planned.edits.length > 0,
      commit,
      revision: removed ? undefined : revision,
      url: removed ? undefined : url,
      live: removed ? !served : served,
      hidden: removed || served ? undefined : whyHidden(library, page.file),
      build,
    };
  };

  return {
    create: (args, author, progress) => write(createPage(args), author, progress),
    update: (args, author, progress) => write(updatePage(args), author, progress),
    async remove(args, author, progress) {
      const outcome = await write(deletePage(args), author, progress);
      const { file, kind } = outcome.page;
      const translations = index.translations(args.route).map((one) => one.lang);
      const alone = kind === 'bundle' && translations.length === 0;
      const dir = file.slice(0, file.lastIndexOf('/'));
      return { ...outcome, translations, leftBehind: alone ? ((await files.list(dir)) ?? []) : [] };
    },
    async build(progress) {
      await readable();
      return writer.build(progress);
    },
  };
}
