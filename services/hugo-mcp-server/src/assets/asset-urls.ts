import path from 'node:path';
import type { Library } from '../content/change.ts';
import type { MountedRoot } from '../site/hugo-mounts.ts';

/**
 * The addresses at which Hugo publishes a file, the likeliest first: for a static file below the base URL, for a
 * resource below the URL of each translation of its page. Whether the live site has it is the release's to say.
 */
export function assetUrls({ site, index }: Library, file: string): string[] {
  const { staticRoots, baseUrl, languages } = site.facts();
  const root = innermost(staticRoots, file);
  if (root !== undefined) {
    const below = [root.prefix, file.slice(root.dir.length + 1)].filter((part) => part !== '').join('/');
    const owners = languages.filter(({ code }) => root.lang === undefined || root.lang === code);
    const own = owners.flatMap((language) => language.baseUrl ?? []);
    return (own.length > 0 ? own : [baseUrl]).map((base) => joined(base, below));
  }
  for (let dir = path.posix.dirname(file); dir !== '.' && dir !== '/'; dir = path.posix.dirname(dir)) {
    const pages = index.pages().filter((page) => page.kind !== 'single' && path.posix.dirname(page.file) === dir);
    if (pages.length === 0) continue;
    const urls = pages.flatMap((page) => site.urlOf(page) ?? []);
    // Hugo makes a path lower case; whether also a resource's name depends on its version.
    const names = [file.slice(dir.length + 1), file.slice(dir.length + 1).toLowerCase()];
    return [...new Set(urls.flatMap((url) => names.map((name) => joined(url, name))))];
  }
  return [];
}

/** The root that holds a file: the innermost one, for roots may lie in each other. */
export function innermost<Root extends MountedRoot>(roots: readonly Root[], file: string): Root | undefined {
  const holding = roots.filter(({ dir }) => file.startsWith(`${dir}/`));
  return holding.sort((a, b) => b.dir.length - a.dir.length)[0];
}

function joined(base: string, below: string): string {
  return base.replace(/\/*$/, '/') + below.split('/').map(encodeURIComponent).join('/');
}
