import { ROUTE_MAX_LENGTH } from './limits.ts';
import { codePointName, deceptiveCharacterInName } from './text.ts';

/** The route of the home page, whose file is `content/_index.{lang}.md`. */
export const HOME_ROUTE = '/';

/** The longest segment of a route in bytes of UTF-8: what every common file system can hold as a name. */
const segmentMaxBytes = 255;

/**
 * What is wrong with a page's route, as a sentence that says how to mend it, or undefined if it is good.
 *
 * A good route is a relative path below `content/` without a file name: `posts/2026/my-first-post`. It cannot leave
 * that folder, name a hidden file or Hugo's own `_index` files, or carry encodings or characters that some later layer
 * could read differently. Symlinks are not its matter: the resolver that opens the file follows none.
 */
export function routeProblem(route: string): string | undefined {
  if (route.length === 0) return 'The route is empty. Give the path of the page below content/, like "posts/my-page".';
  if (route.length > ROUTE_MAX_LENGTH) return `The route is longer than ${ROUTE_MAX_LENGTH} characters. Shorten it.`;
  const character = deceptiveCharacterInName(route);
  if (character !== undefined) {
    return `The route contains ${codePointName(character)}, a control or invisible character. Leave it out.`;
  }
  if (route.includes('\\')) return 'The route contains a backslash. Separate folders with "/".';
  if (/%[0-9a-f]{2}/i.test(route)) {
    return 'The route contains a percent-encoded character. Write the character itself: routes are not URLs.';
  }
  if (/[?#]/.test(route)) return 'The route contains "?" or "#". Give the path only, without query or fragment.';
  if (/^[a-z]:/i.test(route))
    return 'The route is an absolute path. Give the path below content/, like "posts/my-page".';
  if (route.startsWith('/')) return 'The route starts with "/". Leave the slash out: routes are relative to content/.';
  if (route.endsWith('/')) return 'The route ends with "/". Leave the slash out.';
  for (const segment of route.split('/')) {
    const problem = segmentProblem(segment);
    if (problem !== undefined) return problem;
  }
  // Some file systems and programs take compatibility forms (U+FF0E, U+2025, U+FF0F, U+FF3C) for the characters they stand for.
  if (route.normalize('NFKC').split(/[/\\]/).some(leadsElsewhere)) {
    return 'The route contains a look-alike of a dot segment or of a slash. Give the path without it.';
  }
  return undefined;
}

const leadsElsewhere = (segment: string): boolean => ['', '.', '..'].includes(segment);

function segmentProblem(segment: string): string | undefined {
  if (segment === '') return 'The route contains "//". Separate folders with one slash.';
  if (segment === '.' || segment === '..')
    return `The route contains "${segment}". Give the path without dot segments.`;
  if (segment.startsWith('.')) return 'A part of the route starts with ".". Hidden files and folders are out of reach.';
  if (/^_index/i.test(segment)) {
    return 'A part of the route starts with "_index". Give the folder alone ("posts" for content/posts/_index.fr.md).';
  }
  if (/\.md$/i.test(segment)) {
    return 'A part of the route ends with ".md". Leave the file name out: "posts/my-page" for posts/my-page/index.fr.md.';
  }
  if (segment.trim() !== segment) return 'A part of the route starts or ends with a space. Leave the space out.';
  if (Buffer.byteLength(segment) > segmentMaxBytes) {
    return `A part of the route is longer than ${segmentMaxBytes} bytes. Shorten it.`;
  }
  return undefined;
}
