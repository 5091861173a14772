import type { Library } from './change.ts';

/** What can be suggested to somebody who types an address or an argument. */
export type Suggested = 'lang' | 'route' | 'section';

/** As many as a client shows. */
const maxSuggestions = 100;

/** Values that begin with what was typed, then those that contain it. @param lang narrows routes to a language */
export function suggest(
  { site, index }: Pick<Library, 'site' | 'index'>,
  what: Suggested,
  typed: string,
  lang?: string,
): string[] {
  const wanted = typed.normalize('NFC').toLowerCase();
  const found: string[][] = [[], []];
  for (const value of new Set(valuesOf(site, index, what, lang))) {
    const at = value.normalize('NFC').toLowerCase().indexOf(wanted);
    if (at !== -1) found[at === 0 ? 0 : 1]?.push(value);
    if ((found[0]?.length ?? 0) >= maxSuggestions) break;
  }
  return found.flat().slice(0, maxSuggestions);
}

function* valuesOf(site: Library['site'], index: Library['index'], what: Suggested, lang?: string): Generator<string> {
  if (what === 'lang') {
    for (const { code } of site.facts().languages) yield code;
    return;
  }
  for (const { route, kind, lang: of } of index.pages()) {
    if (lang !== undefined && of !== lang) continue;
    if (what === 'route' ? route !== '/' : kind === 'section') yield route;
  }
}
