import { codePointName, deceptiveCharacterInName } from './text.ts';

/** The longest name of a file that is uploaded, in characters. */
export const ASSET_NAME_MAX_LENGTH = 100;
/** The longest path of a folder or file of assets, in characters. */
export const ASSET_PATH_MAX_LENGTH = 500;

/** The media types that can be uploaded, each with the extensions that a file of it may have. */
export const ASSET_TYPES = {
  'image/png': ['png'],
  'image/jpeg': ['jpg', 'jpeg'],
  'image/gif': ['gif'],
  'image/webp': ['webp'],
  'image/svg+xml': ['svg'],
  'application/pdf': ['pdf'],
} as const satisfies Record<string, readonly string[]>;

/** A media type that can be uploaded. */
export type AssetType = keyof typeof ASSET_TYPES;

/** The names of {@link ASSET_TYPES}. */
export const ASSET_TYPE_NAMES = Object.keys(ASSET_TYPES) as [AssetType, ...AssetType[]];

/** Extensions that some web servers run or show as a page wherever they stand in a name: `shell.php.png`. */
const runnable =
  /^(?:php\d?|phtml|phar|pht|cgi|pl|py|rb|sh|asp|aspx|ashx|cer|jsp|jspx|htaccess|shtml|s?html?|xhtml?|js|mjs|exe|bat|cmd)$/i;

/**
 * What is wrong with the name of a file that is to be uploaded, as a sentence that says how to mend it; undefined if it
 * is good: one name of letters, digits, `-`, `_` and `.` that every file system, URL and shell reads alike, with the one
 * extension that its type has.
 */
export function assetNameProblem(name: string, type: AssetType): string | undefined {
  if (name.length > ASSET_NAME_MAX_LENGTH)
    return `The name is longer than ${ASSET_NAME_MAX_LENGTH} characters. Shorten it.`;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) || name.includes('..')) {
    return 'Give a file name of letters, digits, "-", "_" and ".", beginning with a letter or digit, like "sunset-2026.jpg". Folders go into folder.';
  }
  const parts = name.split('.');
  const extension = parts.at(-1) ?? '';
  const extensions: readonly string[] = ASSET_TYPES[type];
  if (parts.length < 2 || !extensions.includes(extension)) {
    return `A file of type ${type} has the extension ${extensions.map((one) => `.${one}`).join(' or ')}, in lower case.`;
  }
  if (parts.slice(1, -1).some((part) => runnable.test(part))) {
    return 'The name has a second extension that a web server could run. Leave it out.';
  }
  if (/^(?:con|prn|aux|nul|com\d|lpt\d)$/i.test(parts[0] ?? ''))
    return 'This name is reserved on Windows. Choose another.';
  return undefined;
}

/**
 * What is wrong with the path of a folder or file of assets, or undefined. Names that somebody gave by hand may have any
 * visible characters; none leads out, is hidden, or is read differently by some later layer.
 */
export function assetPathProblem(path: string): string | undefined {
  if (path.length > ASSET_PATH_MAX_LENGTH) return `The path is longer than ${ASSET_PATH_MAX_LENGTH} characters.`;
  const character = deceptiveCharacterInName(path);
  if (character !== undefined) {
    return `The path contains ${codePointName(character)}, a control or invisible character. Leave it out.`;
  }
  if (path.includes('\\')) return 'The path contains a backslash. Separate folders with "/".';
  if (/%[0-9a-f]{2}/i.test(path)) return 'The path contains a percent-encoded character. Write the character itself.';
  for (const name of path.split('/')) {
    if (name === '') return 'The path begins or ends with "/" or contains "//". Give it without: "images/2026".';
    if (name === '.' || name === '..') return `The path contains "${name}". Give it without dot segments.`;
    if (name.startsWith('.')) return 'A part of the path starts with ".". Hidden files and folders are out of reach.';
    if (name.trim() !== name) return 'A part of the path starts or ends with a space. Leave the space out.';
    if (Buffer.byteLength(name) > 255) return 'A part of the path is longer than 255 bytes. Shorten it.';
  }
  return undefined;
}
