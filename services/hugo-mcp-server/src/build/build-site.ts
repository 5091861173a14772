import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ArleoError } from '@arleo/core/errors';
import type { Published } from '../publish/published.ts';
import type { Hugo } from '../site/hugo-command.ts';
import { hugoMessages } from '../site/hugo-messages.ts';
import type { SiteFacts } from '../site/site-facts.ts';
import { checkRelease, shapeOf } from './check-release.ts';
import type { Release, Releases } from './releases.ts';

/** A build that went live. */
export interface BuildResult {
  release: Release;
  /** Hugo's warnings. */
  warnings: string[];
  /** What the publish plug-ins did about the release, as far as it is known when this is told. */
  published?: readonly Published[];
}

/** What is told of a build, also when its release is not kept any more. */
export type BuildFacts = Omit<BuildResult, 'release'> & { release: Pick<Release, 'id' | 'pages' | 'build_ms'> };

/** A build that did not go live. `code` is `hugo_failed`, `build_no_home` or `build_collapsed`. */
export class BuildError extends ArleoError {
  /** Hugo's own lines. */
  readonly lines: string[];

  constructor(code: string, message: string, lines: string[], options: { hint?: string; cause?: unknown } = {}) {
    super(code, message, options);
    this.lines = lines;
  }
}

export interface BuildSiteOptions {
  hugo: Hugo;
  releases: Releases;
  siteDir: string;
  cacheDir: string;
  /** PATH for the `find` program. */
  searchPath: string;
  /** After this long Hugo is stopped. */
  timeoutMs: number;
  /** Files that every release gets beside what Hugo makes, by their path in it. A file of the site's own stays. */
  extraFiles: Readonly<Record<string, string>>;
}

/** What is built. */
export interface BuildInput {
  /** Id of the build, and of the release that it makes. */
  id: string;
  facts: SiteFacts;
  /** Page files in the site. */
  sources: number;
  commit?: string;
}

/**
 * Builds the site into a fresh folder, checks it and makes it live. Whatever fails, the live site stays as it was.
 *
 * @throws {@link BuildError}; {@link ArleoError} `hugo_missing`, `hugo_timeout`, `public_link_occupied`
 */
export async function buildSite(options: BuildSiteOptions, input: BuildInput): Promise<BuildResult> {
  const { hugo, releases, siteDir, cacheDir, searchPath, timeoutMs } = options;
  await mkdir(cacheDir, { recursive: true });
  const staging = await releases.stage(input.id);
  try {
    // No --cleanDestinationDir: it sweeps before it renders, and here the folder is fresh. No build lock: there is one
    // writer, and a lock that `hugo server` holds must not stop it.
    const args = ['--destination', staging.dir, '--noBuildLock', '--cacheDir', cacheDir];
    const run = await hugo.run(args, { timeoutMs });
    const { errors, warnings } = hugoMessages(run, siteDir);
    if (run.code !== 0) {
      throw new BuildError('hugo_failed', 'Hugo could not build the site. The live site stays as it was.', errors);
    }
    await addFiles(staging.dir, options.extraFiles, input.facts);
    const previous = await releases.live();
    const checked = checkRelease(staging.dir, input.facts, input.sources, previous, searchPath);
    const pages = await checked.catch((error: unknown) => {
      if (!(error instanceof ArleoError)) throw error;
      throw new BuildError(error.code, error.message, [...errors, ...warnings], {
        hint: error.hint ?? '',
        cause: error,
      });
    });
    const release = await releases.keep(staging, {
      ...(input.commit === undefined ? {} : { commit: input.commit }),
      built_at: new Date().toISOString(),
      build_ms: Math.round(run.durationMs),
      pages,
      sources: input.sources,
      shape: shapeOf(input.facts),
    });
    await releases.activate(release.id);
    releases.secure(release.id);
    // It is live, whatever becomes of the old ones: what cannot be removed now is removed after a later build.
    await releases.prune().catch(() => undefined);
    return { release, warnings };
  } catch (error) {
    await releases.discard(staging).catch(() => undefined);
    throw error;
  }
}

/** At the top of each host: a language with a base URL of its own has one of its own. */
async function addFiles(dir: string, files: Readonly<Record<string, string>>, { languages }: SiteFacts): Promise<void> {
  const folders = languages.filter(({ baseUrl }) => baseUrl !== undefined).map(({ code }) => path.join(dir, code));
  for (const folder of [dir, ...folders]) {
    if (!(await stat(folder).catch(() => undefined))?.isDirectory()) continue;
    for (const [name, text] of Object.entries(files)) {
      await writeFile(path.join(folder, name), text, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
    }
  }
}
