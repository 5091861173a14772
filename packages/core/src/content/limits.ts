/** The longest route of a page, in characters. */
export const ROUTE_MAX_LENGTH = 500;
/** The longest title, in characters (UTF-16 code units, as JSON Schema validators of JavaScript count). */
export const TITLE_MAX_LENGTH = 500;
/** The largest page body, in bytes of UTF-8. */
export const CONTENT_MAX_BYTES = 512 * 1024;
/** The most find/replace pairs of one update. */
export const EDITS_MAX_COUNT = 50;
/** The most changes that `apply_changes` takes. */
export const CHANGES_MAX_COUNT = 50;
/** The most tags of a page. */
export const TAGS_MAX_COUNT = 50;
/** The longest tag, in characters. */
export const TAG_MAX_LENGTH = 100;
/** The largest front matter argument, in bytes of UTF-8 as compact JSON. */
export const FRONT_MATTER_MAX_BYTES = 10 * 1024;
/** The deepest nesting in front matter: a field's value is level 1, what is inside an object or list there is level 2. */
export const FRONT_MATTER_MAX_DEPTH = 3;
/** The longest revision that a caller may name, in characters. */
export const REVISION_MAX_LENGTH = 128;
/** How many pages `list_pages` gives if nothing is said, and at most. */
export const LIST_DEFAULT_LIMIT = 50;
export const LIST_MAX_LIMIT = 200;
/** How many pages `search_pages` gives if nothing is said, and at most. */
export const SEARCH_DEFAULT_LIMIT = 10;
export const SEARCH_MAX_LIMIT = 50;
/** How many changes `page_history` gives if nothing is said, and at most. */
export const HISTORY_DEFAULT_LIMIT = 20;
export const HISTORY_MAX_LIMIT = 100;
/** The longest query of `search_pages`, in characters. */
export const QUERY_MAX_LENGTH = 300;
/** The longest cursor, in characters. */
export const CURSOR_MAX_LENGTH = 4000;

/** A language code as Hugo's file names carry it: `fr`, `pt-br`, `zh-hant-tw`; always in lower case. */
export const LANG_PATTERN = /^[a-z]{2,3}(?:-[a-z0-9]{1,8}){0,3}$/;

/**
 * Front matter fields that nobody sets through a tool: they make Hugo write elsewhere, change other pages, or hide
 * this one from the site in ways that the index does not know.
 */
export const REFUSED_FRONT_MATTER_KEYS = [
  'aliases',
  'cascade',
  'build',
  '_build',
  'outputs',
  'headless',
  '_target',
  'url',
] as const;

/** Front matter fields that are arguments of their own; they may be given in one place, not in both. */
export const ARGUMENT_FRONT_MATTER_KEYS = ['title', 'tags', 'draft'] as const;
