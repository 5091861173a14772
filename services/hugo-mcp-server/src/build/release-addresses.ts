import type { SiteFacts } from '../site/site-facts.ts';
import { releaseFile } from './release-file.ts';

/** Which address each file of a release has, and which file each link of it means. Files are relative to the release. */
export interface ReleaseAddresses {
  /** The address under which a file is served. */
  urlOf(file: string): URL;
  /** The same for others than this service; undefined if the site's base URL is not absolute. */
  publicUrlOf(file: string): string | undefined;
  /** The file that a link leads to; undefined for what is not of this site, or no address of a file. */
  fileOf(target: string, from: URL): string | undefined;
  /** The file that an address of the site, as Hugo gives it, is served from. */
  at(url: string | undefined): string | undefined;
  /** The files that may be served at an address, whatever host it names: the first that is there is. */
  filesAt(url: string): string[];
}

/** A language on a host of its own has a folder of its own in the release, and its links lead into that. */
export function releaseAddresses({ baseUrl, languages }: Pick<SiteFacts, 'baseUrl' | 'languages'>): ReleaseAddresses {
  const main = { folder: '', base: new URL(baseUrl, 'http://localhost'), isPublic: isAbsolute(baseUrl) };
  const own = languages.flatMap(({ code, baseUrl: its }) =>
    its === undefined ? [] : [{ folder: `${code}/`, base: new URL(its, main.base), isPublic: isAbsolute(its) }],
  );
  // The longest path first: one host may serve several languages.
  const places = [...own, main].map((place) => ({ ...place, root: place.base.pathname.replace(/\/*$/, '/') }));
  places.sort((a, b) => b.root.length - a.root.length);

  const fileOf = (target: string, from: URL): string | undefined => {
    if (target === '' || target.startsWith('#') || !URL.canParse(target, from.href)) return undefined;
    const url = new URL(target, from);
    if (!/^https?:$/.test(url.protocol)) return undefined;
    // Something else may be served beside the site on the same host.
    const place = places.find(({ base, root }) => base.host === url.host && `${url.pathname}/`.startsWith(root));
    const file = place && releaseFile(url.href, place.base.href);
    return file && `${place?.folder}${file}`;
  };

  const placeOf = (file: string) => own.find(({ folder }) => file.startsWith(folder)) ?? main;
  const urlOf = (file: string): URL => {
    const { folder, base } = placeOf(file);
    const below = file.slice(folder.length).replace(/(^|\/)index\.html$/, '$1');
    const root = base.pathname.replace(/\/*$/, '/');
    return new URL(root + below.split('/').map(encodeURIComponent).join('/'), base);
  };

  return {
    urlOf,
    publicUrlOf: (file) => (placeOf(file).isPublic ? urlOf(file).href : undefined),
    fileOf,
    at: (url) => (url === undefined ? undefined : fileOf(url, main.base)),
    filesAt(url) {
      const host = URL.canParse(url) ? new URL(url).host : undefined;
      const files = [...own.filter(({ base }) => base.host === host), main].map(({ folder, base }) => {
        const file = releaseFile(url, base.href);
        return file && folder + file;
      });
      return files.filter((file) => file !== undefined);
    },
  };
}

function isAbsolute(url: string): boolean {
  return /^https?:\/\//i.test(url);
}
