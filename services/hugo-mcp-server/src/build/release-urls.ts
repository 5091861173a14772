import type { SiteFacts } from '../site/site-facts.ts';
import { releaseFile } from './release-file.ts';

type Addresses = Pick<SiteFacts, 'baseUrl' | 'languages'>;

/**
 * Where a URL's page may be in a release: by its path below the base URL. A language on a host of its own has a folder
 * of its own in the release.
 */
export function filesOfUrl(url: string, { baseUrl, languages }: Addresses): string[] {
  const own = languages.flatMap(({ code, baseUrl: base }) => {
    const file = base !== undefined && hostOf(url) === hostOf(base) ? releaseFile(url, base) : undefined;
    return file === undefined ? [] : `${code}/${file}`;
  });
  return [...own, releaseFile(url, baseUrl)].filter((file) => file !== undefined);
}

/** The address of a file of a release; undefined if the site's base URL is not absolute. */
export function urlOfFile(file: string, { baseUrl, languages }: Addresses): string | undefined {
  const language = languages.find((one) => one.baseUrl !== undefined && file.startsWith(`${one.code}/`));
  const base = language?.baseUrl ?? baseUrl;
  if (!/^https?:\/\//i.test(base)) return undefined;
  const relative = language === undefined ? file : file.slice(language.code.length + 1);
  const path = relative.replace(/(^|\/)index\.html$/, '$1');
  return base.replace(/\/*$/, '/') + path.split('/').map(encodeURIComponent).join('/');
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}
