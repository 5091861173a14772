import { releaseFile } from '../build/release-file.ts';
import type { SiteFacts } from '../site/site-facts.ts';

/** Which address each file of a release has, and which file each link of it means. Files are relative to the release. */
export interface ReleaseAddresses {
  /** The address under which a file is served. */
  urlOf(file: string): URL;
  /** The file that a link leads to; undefined for what is not of this site, or no address of a file. */
  fileOf(target: string, from: URL): string | undefined;
  /** The file that an address of the site, as Hugo gives it, is served from. */
  at(url: string | undefined): string | undefined;
}

/** A language on a host of its own has a folder of its own in the release, and its links lead into that. */
export function releaseAddresses({ baseUrl, languages }: Pick<SiteFacts, 'baseUrl' | 'languages'>): ReleaseAddresses {
  const main = { folder: '', base: new URL(baseUrl, 'http://localhost') };
  const own = languages.flatMap(({ code, baseUrl: its }) =>
    its === undefined ? [] : [{ folder: `${code}/`, base: new URL(its, main.base) }],
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

  return {
    urlOf(file) {
      const { folder, base, root } = places.find((place) => place.folder !== '' && file.startsWith(place.folder)) ?? {
        ...main,
        root: main.base.pathname.replace(/\/*$/, '/'),
      };
      const below = file.slice(folder.length).replace(/(^|\/)index\.html$/, '$1');
      return new URL(root + below.split('/').map(encodeURIComponent).join('/'), base);
    },
    fileOf,
    at: (url) => (url === undefined ? undefined : fileOf(url, main.base)),
  };
}
