import { readFile } from 'node:fs/promises';
import { atomicWrite, removeLeftovers } from '@arleo/core/fs/atomic-write';
import * as z from 'zod';
import type { Release } from '../build/releases.ts';
import type { SiteFacts } from '../site/site-facts.ts';
import { compareReleases, type Manifest, readManifest } from './compare-releases.ts';
import { PLUGIN_TIMEOUT_MS, type PublishEvent, PublishFailure, type PublishPlugin } from './plugin.ts';
import type { Published } from './published.ts';

/** A release, and what was told to others about it. */
export interface LastPublished {
  release: string;
  published: readonly Published[];
}

/** Tells plug-ins of releases. Nobody waits for it but who wants to know. */
export interface Announcer {
  /** Tells of the live release whom it was not told before a stop, a crash or a failure. */
  resume(): void;
  /** A release went live. Releases that come while plug-ins are busy are told of together. */
  live(release: Release): void;
  /** What the plug-ins did for a release, after `waitMs` at the latest; empty if it is not known any more. */
  outcome(release: string, waitMs: number): Promise<Published[]>;
  /** The last release that plug-ins were told of, and what they did. */
  last(): LastPublished | undefined;
  /** Ends what is under way. What was not told is told after the next start. */
  close(): Promise<void>;
}

export interface AnnouncerOptions {
  /** Before the plug-ins: what brings the release to where visitors get it. */
  deploy: PublishPlugin | undefined;
  plugins: readonly PublishPlugin[];
  /** The folder of a release. */
  dirOf(release: string): string;
  /** Keeps a release's folder until the returned function is called. */
  hold(release: string): () => void;
  facts(): SiteFacts;
  /** Resolves when `facts` are those of the site; fails if they cannot be had. */
  ready(): Promise<void>;
  /** Where it is kept which plug-in was told of which release. */
  file: string;
  /** The release that is live at the start. */
  current: Release | undefined;
  onError(message: string, error: unknown): void;
}

const marksSchema = z.record(z.string(), z.string());
/** As many outcomes and manifests as are remembered. */
const maxOutcomes = 50;
const maxManifests = 2;

interface Waiting {
  release: Release;
  done(published: Published[]): void;
}

/** Opens the announcer. Nothing is sent before the first release, or {@link Announcer.resume}. */
export async function openAnnouncer(options: AnnouncerOptions): Promise<Announcer> {
  const { deploy, plugins, file, current, onError } = options;
  const all = [...(deploy === undefined ? [] : [deploy]), ...plugins];
  await removeLeftovers(file).catch(() => {});
  const marks = new Map(Object.entries(await readMarks(file)));
  const outcomes = new Map<string, Promise<Published[]>>();
  const manifests = new Map<string, Promise<Manifest | undefined>>();
  const stopping = new AbortController();
  let waiting: Waiting[] = [];
  let loop: Promise<void> | undefined;
  let last: LastPublished | undefined;

  const manifest = (release: string): Promise<Manifest | undefined> => {
    const known = manifests.get(release) ?? readManifest(options.dirOf(release));
    manifests.delete(release);
    manifests.set(release, known);
    known.catch(() => manifests.delete(release));
    for (const [oldest] of manifests) if (manifests.size > maxManifests) manifests.delete(oldest);
    return known;
  };

  const changesSince = async (since: string | undefined, release: string): Promise<PublishEvent['changes']> => {
    if (since === undefined) return undefined;
    try {
      const before = await manifest(since);
      const after = await manifest(release);
      return before && after && compareReleases(before, after, options.facts());
    } catch (error) {
      onError('two releases could not be compared', error);
      return 'unknown';
    }
  };

  const run = async (plugin: PublishPlugin, release: Release): Promise<Published> => {
    const { name, timeoutMs = PLUGIN_TIMEOUT_MS } = plugin;
    const since = marks.get(name);
    try {
      const { detail, urls } = await bounded(
        async (signal) => {
          const changes =
            plugin === deploy
              ? undefined
              : await within(timeoutMs / 2, changesSince(since, release.id), 'unknown' as const);
          signal.throwIfAborted();
          return plugin.announce({ release, since, changes, facts: options.facts() }, signal);
        },
        timeoutMs,
        stopping.signal,
      );
      marks.set(name, release.id);
      return { plugin: name, ok: true, detail, urls };
    } catch (error) {
      if (!(error instanceof PublishFailure)) onError(`the plug-in ${name} failed`, error);
      const detail = error instanceof PublishFailure ? error.message : 'It failed unexpectedly: the log says why.';
      return { plugin: name, ok: false, detail, urls: error instanceof PublishFailure ? error.urls : [] };
    }
  };

  const announce = async (release: Release): Promise<Published[]> => {
    // Without them no address is known, and what cannot be compared counts as changed.
    await options.ready().catch(() => {});
    const deployed = deploy === undefined ? [] : [await run(deploy, release)];
    const published = [...deployed, ...(await Promise.all(plugins.map((plugin) => run(plugin, release))))];
    await atomicWrite(file, `${JSON.stringify(Object.fromEntries(marks))}\n`).catch((error: unknown) =>
      onError('it cannot be kept what plug-ins were told', error),
    );
    last = { release: release.id, published };
    return published;
  };

  /** Newer releases may come and go meanwhile: what is being uploaded or compared stays. */
  const announceHeld = async (release: Release): Promise<Published[]> => {
    const holds = [release.id, ...marks.values()].map((id) => options.hold(id));
    try {
      return await announce(release);
    } finally {
      for (const letGo of holds) letGo();
    }
  };

  const unexpected = (error: unknown): Published[] => {
    onError('plug-ins could not be told of a release', error);
    return [];
  };

  const runAll = async () => {
    while (waiting.length > 0 && !stopping.signal.aborted) {
      const batch = waiting;
      waiting = [];
      const newest = batch.at(-1);
      const published = newest === undefined ? [] : await announceHeld(newest.release).catch(unexpected);
      for (const { done } of batch) done(published);
    }
    loop = undefined;
  };

  const live = (release: Release) => {
    if (all.length === 0 || stopping.signal.aborted) return;
    const outcome = new Promise<Published[]>((done) => waiting.push({ release, done }));
    outcomes.set(release.id, outcome);
    for (const [oldest] of outcomes) if (outcomes.size > maxOutcomes) outcomes.delete(oldest);
    loop ??= Promise.resolve().then(runAll);
  };

  if (current !== undefined) {
    // One that is new has nothing to make up for: what it is told of begins with the next change.
    for (const { name } of all) if (!marks.has(name)) marks.set(name, current.id);
  }

  return {
    live,
    resume() {
      if (current !== undefined && all.some(({ name }) => marks.get(name) !== current.id)) live(current);
    },
    async outcome(release, waitMs) {
      const outcome = outcomes.get(release);
      if (outcome === undefined) return [];
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<Published[]>((resolve) => {
        const underWay = all.map(({ name }) => ({ plugin: name, ok: null, detail: 'Still under way.', urls: [] }));
        timer = setTimeout(() => resolve(underWay), waitMs);
      });
      return Promise.race([outcome, late]).finally(() => clearTimeout(timer));
    },
    last: () => last,
    async close() {
      stopping.abort(new PublishFailure('The service stopped meanwhile.'));
      await loop;
    },
  };
}

/** Comparing may take half of a plug-in's time: the other half is for telling. */
async function within<T, Late>(ms: number, work: Promise<T>, ifLate: Late): Promise<T | Late> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Late>((resolve) => {
    timer = setTimeout(() => resolve(ifLate), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Runs work that is given up after a time, also if it does not listen to the signal. */
async function bounded<T>(work: (signal: AbortSignal) => Promise<T>, ms: number, stop: AbortSignal): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new PublishFailure(`It did not end within ${Math.round(ms / 1000)} s and was given up.`)),
    ms,
  );
  const signal = AbortSignal.any([late.signal, stop]);
  try {
    signal.throwIfAborted();
    return await new Promise<T>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      work(signal).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
  }
}

async function readMarks(file: string): Promise<Record<string, string>> {
  try {
    return marksSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // Not there yet, or damaged by hand: then nothing is known to be told.
    return {};
  }
}
