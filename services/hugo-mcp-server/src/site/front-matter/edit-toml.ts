import { bracketSplices, LIST_MAX_ITEMS, listChange } from './edit-list.ts';
import { isObject, type JsonObject, type JsonValue, mergePatch } from './json-value.ts';
import { type Member, removeMembers } from './members.ts';
import { parseInner } from './read.ts';
import {
  arrayItems,
  inlineMembers,
  scanToml,
  startsWith,
  type TomlLayout,
  type TomlStatement,
  wholeLines,
} from './scan-toml.ts';
import { applySplices, type Splice } from './splice.ts';
import { tomlKey, tomlValue } from './write-value.ts';

/**
 * TOML front matter with a patch applied: statements, tables (`[params]`), inline tables and dotted keys; every byte
 * that the patch does not mean stays. Undefined for something that TOML cannot say or that cannot be edited in place;
 * the caller checks the result in any case.
 */
export function editToml(inner: string, patch: JsonObject, eol: string, keepItems: boolean): string | undefined {
  const edit: Edit = { inner, layout: scanToml(inner), eol, keepItems, splices: [] };
  return patchTable(edit, [], patch) ? applySplices(inner, edit.splices) : undefined;
}

interface Edit {
  inner: string;
  layout: TomlLayout;
  eol: string;
  keepItems: boolean;
  splices: Splice[];
}

/** Patches the table at a path that is there. False if it cannot be done in place. */
function patchTable(edit: Edit, table: string[], patch: JsonObject): boolean {
  const { inner, layout } = edit;
  const added: JsonObject = Object.create(null);
  for (const [key, value] of Object.entries(patch)) {
    const path = [...table, key];
    const exact = layout.statements.find((one) => one.path.length === path.length && startsWith(one.path, path));
    const isTable = exact === undefined && hasTable(layout, path);
    if (value === null) {
      removeAt(edit, path);
    } else if (isObject(value) && isTable && !isArray(layout, path)) {
      if (!patchTable(edit, path, value as JsonObject)) return false;
    } else if (isObject(value) && exact !== undefined && inner[exact.valueStart] === '{') {
      if (!patchInline(edit, exact.valueStart, value as JsonObject)) return false;
    } else if (exact !== undefined) {
      if (!putValue(edit, exact, key, value)) return false;
    } else {
      if (isTable) removeAt(edit, path);
      added[key] = settled(value);
    }
  }
  return Object.keys(added).length === 0 || addTo(edit, table, added);
}

function hasTable({ statements, headers }: TomlLayout, path: string[]): boolean {
  return [...statements, ...headers].some((one) => startsWith(one.path, path));
}

function isArray({ headers }: TomlLayout, path: string[]): boolean {
  return headers.some((one) => one.inArray && one.path.length === path.length && startsWith(one.path, path));
}

/** Takes out everything at and below a path: statements with their lines, tables with their sections. */
function removeAt({ inner, layout, splices }: Edit, path: string[]): void {
  const sections = layout.headers.filter((header) => startsWith(header.path, path));
  for (const { start, sectionEnd } of sections) splices.push({ start, end: sectionEnd, text: '' });
  for (const statement of layout.statements) {
    if (!startsWith(statement.path, path)) continue;
    const lines = wholeLines(inner, statement);
    if (sections.some(({ start, sectionEnd }) => lines.start >= start && lines.end <= sectionEnd)) continue;
    splices.push({ ...lines, text: '' });
  }
}

/** Adds statements to a table: after its own, after its header, or under a new header before its first sub-table. */
function addTo({ inner, layout, eol, splices }: Edit, table: string[], added: JsonObject): boolean {
  const header = layout.headers.find((one) => one.path.length === table.length && startsWith(one.path, table));
  const inTop = layout.statements.filter(({ start, path }) => start < layout.topEnd && startsWith(path, table));
  let lines = statements(added, eol);
  if (lines === undefined) return false;
  let at: number;
  if (header !== undefined) at = header.sectionEnd;
  else if (table.length === 0)
    at = inTop.length === 0 ? layout.topEnd : wholeLines(inner, inTop.at(-1) as TomlStatement).end;
  else if (inTop.length > 0) {
    at = wholeLines(inner, inTop.at(-1) as TomlStatement).end;
    lines = statements(added, eol, `${table.map(tomlKey).join('.')}.`) ?? '';
  } else {
    const below = layout.headers.find((one) => startsWith(one.path, table));
    if (below === undefined) return false;
    at = below.start;
    lines = `[${table.map(tomlKey).join('.')}]${eol}${lines}`;
  }
  const lead = at > 0 && inner[at - 1] !== '\n' ? eol : '';
  splices.push({ start: at, end: at, text: lead + lines });
  return true;
}

function statements(values: JsonObject, eol: string, prefix = ''): string | undefined {
  let text = '';
  for (const [key, value] of Object.entries(values)) {
    const written = tomlValue(key, value);
    if (written === undefined) return undefined;
    text += `${prefix}${tomlKey(key)} = ${written}${eol}`;
  }
  return text;
}

function patchInline(edit: Edit, brace: number, patch: JsonObject): boolean {
  const { inner, splices } = edit;
  const members = inlineMembers(inner, brace);
  if (members === undefined) return false;
  const removed = new Set<Member>();
  const added: string[] = [];
  for (const [key, value] of Object.entries(patch)) {
    const found = members.find((member) => member.key === key);
    if (value === null) {
      if (found !== undefined) removed.add(found);
    } else if (found !== undefined && isObject(value) && inner[found.valueStart] === '{') {
      if (!patchInline(edit, found.valueStart, value as JsonObject)) return false;
    } else {
      if (found !== undefined) {
        if (!putValue(edit, found, key, value)) return false;
        continue;
      }
      const text = tomlValue(key, settled(value));
      if (text === undefined) return false;
      added.push(`${tomlKey(key)} = ${text}`);
    }
  }
  splices.push(...removeMembers(members, removed, brace + 1));
  if (added.length > 0) {
    const last = members.findLast((member) => !removed.has(member));
    const at = last?.end ?? brace + 1;
    splices.push({ start: at, end: at, text: last === undefined ? ` ${added.join(', ')} ` : `, ${added.join(', ')}` });
  }
  return true;
}

/** Gives a member another value; of an array, the items that stay keep their bytes. False if TOML has no such value. */
function putValue(
  { inner, splices, eol, keepItems }: Edit,
  { valueStart, end }: Member,
  key: string,
  value: JsonValue,
) {
  const print = (one: JsonValue) => tomlValue('', settled(one));
  if (keepItems && Array.isArray(value) && inner[valueStart] === '[') {
    const items = arrayItems(inner, valueStart);
    const before = items.slice(0, LIST_MAX_ITEMS + 1).map((item) => parseItem(inner.slice(item.start, item.end)));
    const change = listChange(before, value);
    const kept = change && bracketSplices(inner, { open: valueStart + 1, items, eol, print }, change);
    if (kept !== undefined) {
      splices.push(...kept);
      return true;
    }
  }
  const text = tomlValue(key, settled(value));
  if (text === undefined) return false;
  splices.push({ start: valueStart, end, text });
  return true;
}

function parseItem(text: string): JsonValue {
  try {
    return parseInner('toml', `value = ${text}`).value ?? null;
  } catch {
    return null;
  }
}

/** A value for a place where nothing was that its `null` members could delete. */
function settled(value: JsonValue): JsonValue {
  return isObject(value) ? mergePatch(undefined, value as JsonObject) : value;
}
