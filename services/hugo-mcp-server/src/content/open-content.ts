import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { isArleoError } from '@arleo/core/errors';
import type { Log } from '@arleo/runtime/logging/log';
import type { Lifecycle } from '@arleo/runtime/serve/lifecycle';
import { type Assets, openAssets } from '../assets/open-assets.ts';
import { type BuildLog, openBuildLog } from '../build/build-log.ts';
import { createPublisher } from '../build/publisher.ts';
import { openReleases } from '../build/releases.ts';
import { createScheduledBuild } from '../build/scheduled-build.ts';
import type { LastPublished } from '../publish/announcer.ts';
import { openPublishing, type PublishingConfig } from '../publish/open-publishing.ts';
import type { Hugo } from '../site/hugo-command.ts';
import { createSite } from '../site/site.ts';
import { type OpenedPull, openSitePull, type SiteRepositoryConfig } from '../webhook/open-pull.ts';
import { openAnswers } from './answers.ts';
import type { Library } from './change.ts';
import { createEditor, type Editor } from './editor.ts';
import { openHistoryLater } from './history.ts';
import { createHistoryLog } from './history-log.ts';
import { createHistoryReader } from './history-reader.ts';
import { openJournal } from './journal.ts';
import { createLiveVersions } from './live-version.ts';
import { once } from './once.ts';
import { openWriter } from './open-writer.ts';
import { createPageIndex } from './page-index.ts';
import { openPreviews } from './preview/preview-page.ts';
import { createReader, type Reader } from './reader.ts';
import { createPageWords } from './search/page-words.ts';
import { searchedText } from './search/searched-text.ts';
import { openSiteFiles } from './site-files.ts';
import { createTellAgain } from './tell-again.ts';
import { watchContent } from './watch-content.ts';
import { createWhyNotServed } from './why-hidden.ts';
import { createTellOutcome } from './write-outcome.ts';

/** Where things are. */
export interface ContentPlaces {
  siteDir: string;
  stateDir: string;
  publicLink: string;
  /** PATH for git. */
  searchPath: string;
  repository: SiteRepositoryConfig;
  publishing: PublishingConfig;
}

/** How long things may take. */
export interface ContentLimits {
  /** After this many milliseconds Hugo is stopped. */
  buildTimeoutMs: number;
  /** After this many milliseconds a write is answered, whether its build has ended or not. */
  answerWithinMs: number;
  /** The largest upload, decoded, in bytes. */
  uploadMaxBytes: number;
}

/** As long as a read waits for Git, in milliseconds: the hops before give up after 10 s. */
const readTimeouts = { head: 2_500, log: 9_000 };

/** The site, open for reading and editing. */
export interface Content {
  reader: Reader;
  editor: Editor;
  assets: Assets;
  /** Resolves when pages can be read; fails with the reason why not, and tries again at the next call. */
  readable(): Promise<void>;
  /** The last builds, how they ended and what for they were made. */
  builds: BuildLog;
  /** What was told to others about the last release. */
  lastPublished(): LastPublished | undefined;
  /** Pulls the site's own repository, which has layouts, themes and configuration. */
  pull: OpenedPull['pull'];
  /** Resolves when the work that the start left behind is over; rejects if the site could not be prepared. */
  prepared: Promise<void>;
}

/**
 * Opens the site. What takes time goes on after it has returned: asking Hugo, reading all pages, putting right what a
 * crash left, taking what was changed by hand into the history, and the first build. Calls wait for what they need.
 *
 * @throws {@link ArleoError} `public_link_occupied`; the file system's errors
 */
export async function openContent(
  hugo: Hugo,
  places: ContentPlaces,
  limits: ContentLimits,
  log: Log,
  lifecycle: Lifecycle,
): Promise<Content> {
  const { stateDir, publicLink, searchPath } = places;
  const scratchDir = path.join(stateDir, 'scratch');
  await mkdir(scratchDir, { recursive: true, mode: 0o700 });
  const onError = (message: string, error: unknown) => log.error(message, { error });
  const releases = await openReleases({
    dir: path.join(stateDir, 'releases'),
    publicLink,
    searchPath,
    onLive(release) {
      announcer.live(release);
      scheduled.plan();
    },
    onError,
  });
  lifecycle.onClose('releases', () => releases.close());
  const builds = await openBuildLog({ file: path.join(stateDir, 'builds.json'), onError });
  const answers = await openAnswers({ dir: path.join(stateDir, 'answers'), onError });
  const journal = await openJournal(path.join(stateDir, 'journal.json'));
  const files = await openSiteFiles(places.siteDir, () =>
    site
      .facts()
      .roots.concat(site.facts().staticRoots)
      .map(({ dir }) => dir),
  );
  const site = createSite(hugo, { siteDir: files.root, scratchDir });
  const announcer = await openPublishing({
    ...places.publishing,
    releases,
    facts: () => site.facts(),
    ready: () => readable(),
    stateDir,
    searchPath,
    log,
    lifecycle,
  });
  const words = createPageWords();
  const index = createPageIndex(files.root, () => site.facts(), {
    read: (file, content) => words.put(file, searchedText(file, content)),
    gone: (file) => words.drop(file),
  });
  const library: Library = { site, files, index, now: () => new Date() };
  const sitePull = await openSitePull(
    {
      siteDir: files.root,
      stateDir,
      searchPath,
      ...places.repository,
      roots: () => site.facts().roots.map(({ dir }) => dir),
      uploads: () => site.facts().staticRoots.map(({ dir }) => dir),
      alone: (act) => writer.alone(act),
      async reread() {
        site.forget();
        await site.refresh();
        await index.rebuild();
        watch.sync(index.dirs());
      },
      onError: (message, error) => log.error(message, { error }),
    },
    lifecycle,
  );
  const previews = await openPreviews({ library, hugo, scratchDir, cacheDir: path.join(stateDir, 'cache/preview') });
  const historyPlace = { gitDir: path.join(stateDir, 'history.git'), workTree: files.root, searchPath };
  const history = openHistoryLater(historyPlace);
  const historyLog = createHistoryLog(historyPlace);
  const publisher = createPublisher({
    hugo,
    releases,
    site,
    index,
    siteDir: files.root,
    cacheDir: path.join(stateDir, 'cache'),
    searchPath,
    timeoutMs: limits.buildTimeoutMs,
    extraFiles: Object.assign({}, ...places.publishing.plugins.map((plugin) => plugin.files ?? {})),
  });

  const watch = watchContent({
    root: files.root,
    onChange: (dirs) => {
      index
        .refresh(dirs)
        .then(() => {
          watch.sync(index.dirs());
          writer.adopt();
          return assets.refresh(dirs);
        })
        .catch((error: unknown) => log.error('changed pages could not be read', { error }));
    },
    onLimit: (everyMs) => log.warn('too many folders to watch: all are looked at now and then', { every_ms: everyMs }),
  });

  const readable = once(async () => {
    await site.refresh();
    await index.rebuild();
    watch.sync(index.dirs());
  });

  const liveVersions = createLiveVersions(history, releases);
  const { isLiveVersion } = liveVersions;
  const whyNotServed = createWhyNotServed(library, releases, isLiveVersion);
  const tellOutcome = createTellOutcome(library, publisher, isLiveVersion, whyNotServed);
  const tellAgain = createTellAgain(tellOutcome, builds);
  const writer = openWriter({
    library,
    history,
    journal,
    answers,
    builds,
    releases,
    publisher,
    liveVersions,
    readable,
    tellOutcome,
    tellAgain,
    stopBuilding: () => hugo.close(),
    answerWithinMs: limits.answerWithinMs,
    log,
  });
  const { uploadMaxBytes } = limits;
  const assets = openAssets({ library, publisher, readable, uploadMaxBytes, log, lifecycle });
  const scheduled = createScheduledBuild({
    releases,
    moments: () => site.moments(),
    build: () => writer.buildScheduled(),
    onError,
  });
  site.onPages(() => scheduled.plan());
  lifecycle.onClose('watch', () => watch.close());
  lifecycle.onClose('hugo', () => hugo.close());
  lifecycle.onClose('writer', () => writer.close());
  lifecycle.onClose('scheduled builds', () => scheduled.close());

  // The first build is in the queue before any request can be.
  const live = await releases.live();
  // After a power cut a release may hold empty files, and nobody would tell.
  const whole = live !== undefined && releases.isWhole(live);
  const first: Promise<unknown> = !whole
    ? writer.build(undefined, Number.POSITIVE_INFINITY)
    : readable().then(() => site.refreshPages());
  first.catch((error: unknown) => {
    if (!isArleoError(error, 'shutting_down')) log.error('the site could not be prepared', { error });
  });
  const prepared = first.then(() => words.settled());
  prepared.catch(() => undefined);
  writer.adopt();
  announcer.resume();
  return {
    reader: createReader({
      library,
      words,
      historyLog: createHistoryLog({ ...historyPlace, timeoutMs: readTimeouts.log }),
      previews,
      publisher,
      readable,
      hugo,
      releases,
      history: createHistoryReader({ ...historyPlace, timeoutMs: readTimeouts.head }),
      isLiveVersion,
      whyNotServed,
      builds,
      lastPull: sitePull.last,
      announcer,
      uploadMaxBytes,
    }),
    editor: createEditor({
      library,
      writer,
      history,
      historyLog,
      answers,
      builds,
      tellAgain,
      releases,
      announcer,
      readable,
    }),
    builds,
    assets,
    lastPublished: () => announcer.last(),
    readable,
    pull: sitePull.pull,
    prepared,
  };
}
