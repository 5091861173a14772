/** A document is asked for again after this many seconds at the earliest, whatever its server says. */
export const MIN_CACHE_SECONDS = 5 * 60;

/** And at the latest. */
export const MAX_CACHE_SECONDS = 24 * 60 * 60;

const defaultSeconds = 60 * 60;

/**
 * How long a document may be used without asking again: its `max-age`, within bounds.
 *
 * @see [RFC 9111 section 5.2.2](https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2)
 */
export function cacheSeconds(cacheControl: string | undefined): number {
  const directives = (cacheControl ?? '')
    .toLowerCase()
    .split(',')
    .map((directive) => directive.trim());
  if (directives.includes('no-store') || directives.includes('no-cache')) return MIN_CACHE_SECONDS;
  const stated = directives.map((directive) => /^max-age="?(\d+)"?$/.exec(directive)?.[1]).find(Boolean);
  const seconds = stated === undefined ? defaultSeconds : Number(stated);
  return Math.min(MAX_CACHE_SECONDS, Math.max(MIN_CACHE_SECONDS, seconds));
}
