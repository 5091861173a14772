/** The file of a release that a URL is served from: by its path below the base URL; undefined if it is no path. */
export function releaseFile(url: string, baseUrl: string): string | undefined {
  let pathname: string;
  try {
    pathname = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  } catch {
    return undefined;
  }
  const base = new URL(baseUrl, 'http://localhost').pathname.replace(/\/*$/, '/');
  const below = pathname.startsWith(base) ? pathname.slice(base.length) : pathname.slice(1);
  if (below.includes('\0') || below.split('/').includes('..')) return undefined;
  return below === '' || below.endsWith('/') ? `${below}index.html` : below;
}
