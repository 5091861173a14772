import { ArleoError } from '@arleo/core/errors';
import { editJson } from './edit-json.ts';
import { editToml } from './edit-toml.ts';
import { editYaml } from './edit-yaml.ts';
import { type JsonObject, mergePatch, sameJson } from './json-value.ts';
import { parseInner } from './read.ts';
import { splitPage } from './split-page.ts';
import { yamlField } from './write-value.ts';

/** What to change in a page file. */
export interface PageEdit {
  /** Merged into the front matter member by member; `null` deletes a field. */
  frontMatter?: JsonObject;
  /** Replaces the body as a whole, in the file's own line ends and ended as the old one was. */
  body?: string;
  /** Replaces the body by exactly this, instead of `body`. */
  exactBody?: string;
}

/**
 * The text of a page file with an edit applied. Every byte that the edit does not mean stays: comments, the order of
 * fields, the items of lists that stay, quoting, dates with their offset, line ends, the byte order mark, the trailing
 * line end. What is written anew as a whole: a list in JSON; a list that is or becomes empty; one with anchors or
 * aliases in YAML, or with more than 500 items; a list or flow map in which a comment shares its lines with several members
 * and one of them goes. The comment behind an item that goes in a line of its own goes with it. The result is read back
 * and compared with what was asked for, so that an edit is right or refused, never approximate.
 *
 * @throws {@link ArleoError} `front_matter_invalid` if the front matter cannot be read, `front_matter_unsupported` if
 *   it is written in a way that cannot be edited in place
 */
export function editPage(text: string, edit: PageEdit): string {
  const parts = splitPage(text);
  const whole = edit.body === undefined ? text.slice(parts.bodyStart) : newBody(text, edit.body, parts.eol);
  const body = edit.exactBody ?? whole;
  // Front matter that cannot be read does not stand in the way of a new body.
  if (edit.frontMatter === undefined && parts.format !== 'none') return text.slice(0, parts.bodyStart) + body;
  const before = parseInner(parts.format, text.slice(parts.innerStart, parts.innerEnd));
  const wanted = mergePatch(before, edit.frontMatter ?? {});
  const head = text.slice(0, parts.bodyStart);
  if (parts.format === 'none') {
    // A body that begins like front matter would become it, and set fields that nobody may set: it gets an empty one.
    if (sameJson(before, wanted) && splitPage(head + body).format === 'none') return head + body;
    const fields = Object.entries(wanted).map(([key, value]) => yamlField(key, value, '', parts.eol));
    return `${head}---${parts.eol}${fields.join('')}---${parts.eol}${parts.eol}${body}`;
  }
  if (sameJson(before, wanted)) return head + body;

  const patch = changedOnly(before, edit.frontMatter ?? {});
  const inner = text.slice(parts.innerStart, parts.innerEnd);
  const editInner = { yaml: editYaml, toml: editToml, json: editJson }[parts.format];
  // Where the items of a list cannot be changed one by one, the list is written anew.
  for (const keepItems of [true, false]) {
    const edited = attempt(() => editInner(inner, patch, parts.eol, keepItems));
    if (edited === undefined) continue;
    const result = text.slice(0, parts.innerStart) + edited + text.slice(parts.innerEnd, parts.bodyStart);
    if (says(result, wanted)) return result + body;
  }
  throw new ArleoError(
    'front_matter_unsupported',
    `This page's front matter is written in a way that cannot be changed in place without touching other lines (fields: ${Object.keys(patch).join(', ')}).`,
    { hint: 'Change these fields in the file by hand, or leave them out of the update.' },
  );
}

/** Undefined if replacements would overlap, as they may where items share lines with comments. */
function attempt(edit: () => string | undefined): string | undefined {
  try {
    return edit();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The patch without what is so already: a value that does not change keeps its bytes. */
function changedOnly(before: JsonObject, patch: JsonObject): JsonObject {
  const entries = Object.entries(patch).filter(([key]) => {
    const after = mergePatch(before, { [key]: patch[key] ?? null });
    return !sameJson(before, after);
  });
  return Object.fromEntries(entries);
}

function says(head: string, wanted: JsonObject): boolean {
  try {
    const parts = splitPage(head);
    return sameJson(parseInner(parts.format, head.slice(parts.innerStart, parts.innerEnd)), wanted);
  } catch {
    return false;
  }
}

/** A new body in the file's line ends, ended as the old one was. */
function newBody(text: string, body: string, eol: string): string {
  const lines = eol === '\r\n' && !body.includes('\r') ? body.replaceAll('\n', '\r\n') : body;
  return text.endsWith('\n') && lines !== '' && !lines.endsWith('\n') ? lines + eol : lines;
}
