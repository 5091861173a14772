import path from 'node:path';
import * as z from 'zod';

/** A folder of the site that Hugo takes for content, or for static files. */
export interface MountedRoot {
  /** Relative to the site, `/` between names: `content`, `content/fr`. */
  dir: string;
  /** Set if everything in it is of this language. */
  lang?: string;
  /** Where it is mounted below `content` (or `static`): `''` for the whole, else `docs` or `docs/api`. */
  prefix: string;
}

/** A folder of the site whose files Hugo takes for content. */
export type ContentRoot = MountedRoot;

const moduleSchema = z.object({
  path: z.string(),
  owner: z.string().optional(),
  version: z.string().optional(),
  dir: z.string().optional(),
  mounts: z
    .array(
      z.object({
        source: z.string(),
        target: z.string(),
        lang: z.string().optional(),
        sites: z.object({ matrix: z.object({ languages: z.array(z.string()).nullish() }).nullish() }).nullish(),
      }),
    )
    .nullish(),
});

/** What Hugo makes of the files in a folder. */
export type Component = 'content' | 'static';

/**
 * Reads the output of `hugo config mounts` (one JSON object per module, one after the other) and gives the roots of the
 * project itself, not of its themes. Sources outside the site are left out: this service writes nowhere else.
 */
export function parseMounts(output: string, component: Component): MountedRoot[] {
  const roots: MountedRoot[] = [];
  for (const part of output.split(/\n(?=\{)/)) {
    const parsed = moduleSchema.safeParse(parseJson(part));
    if (!parsed.success || parsed.data.path !== 'project') continue;
    for (const { source, target, lang, sites } of parsed.data.mounts ?? []) {
      const below = inComponent(trimSlashes(target), component);
      const dir = trimSlashes(source);
      if (below === undefined || source.startsWith('/') || dir.split('/').includes('..') || dir === '') continue;
      const languages = lang === undefined || lang === '' ? (sites?.matrix?.languages ?? []) : [lang];
      const only = languages.length === 1 ? languages[0]?.toLowerCase() : undefined;
      roots.push({ dir, prefix: below, ...(only === undefined || only === '**' ? {} : { lang: only }) });
    }
  }
  return roots;
}

/** The site itself (`project`), or a theme or other module that it uses. */
export interface SiteModule {
  /** `project`, the name of a theme's folder, or a module path. */
  name: string;
  /** Set for Go modules that have one. */
  version?: string;
  /** Its folder, absolute. */
  dir: string;
  /** Absolute folders in which archetypes are. */
  archetypeDirs: string[];
}

/** Reads the output of `hugo config mounts` for the modules that the site is made of, the site itself first. */
export function parseModules(output: string): SiteModule[] {
  return output.split(/\n(?=\{)/).flatMap((part) => {
    const parsed = moduleSchema.safeParse(parseJson(part));
    if (!parsed.success) return [];
    const { path: name, version = '', dir = '', mounts } = parsed.data;
    const declared = (mounts ?? []).filter(({ target }) => trimSlashes(target) === 'archetypes');
    // A theme that declares no mounts has the usual ones.
    const sources = mounts == null ? ['archetypes'] : declared.map(({ source }) => source);
    const archetypeDirs = dir === '' ? [] : sources.map((source) => path.resolve(dir, source));
    return [{ name, ...(version === '' ? {} : { version }), dir: path.resolve(dir), archetypeDirs }];
  });
}

function inComponent(target: string, component: Component): string | undefined {
  if (target === component) return '';
  return target.startsWith(`${component}/`) ? target.slice(component.length + 1) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function trimSlashes(text: string): string {
  return text.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '');
}
