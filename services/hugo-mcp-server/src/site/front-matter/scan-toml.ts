import type { Member } from './members.ts';
import { lineEnd, lineStart } from './splice.ts';

/** `key = value`, with the whole path of tables that it stands in. */
export interface TomlStatement extends Member {
  path: string[];
  /** The key as it is written is one part, not `a.b`. */
  dotted: boolean;
}

/** `[table]` or `[[element]]`. */
export interface TomlHeader {
  path: string[];
  /** True for an element of an array of tables, and for tables inside one. */
  inArray: boolean;
  /** Where its line begins. */
  start: number;
  /** The offset after its line. */
  end: number;
  /** The offset after the last line of its statements, or after its own. */
  sectionEnd: number;
}

/** Where everything is in a TOML text. Statements inside arrays of tables are left out: no path leads to them. */
export interface TomlLayout {
  statements: TomlStatement[];
  headers: TomlHeader[];
  /** The offset at which the first header begins, or the length of the text. */
  topEnd: number;
}

const keyPart = /[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'/.source;
const keyPattern = new RegExp(`((?:${keyPart})(?:[ \\t]*\\.[ \\t]*(?:${keyPart}))*)([ \\t]*=[ \\t]*)`, 'y');
const headerPattern = new RegExp(`^\\s*\\[(\\[)?[ \\t]*((?:${keyPart})(?:[ \\t]*\\.[ \\t]*(?:${keyPart}))*)[ \\t]*\\]`);

/** Finds tables and statements; what is not understood is passed over, and the caller checks the outcome. */
export function scanToml(text: string): TomlLayout {
  const statements: TomlStatement[] = [];
  const headers: TomlHeader[] = [];
  const arrays: string[][] = [];
  let table: string[] = [];
  let inArray = false;
  let topEnd = text.length;
  let at = 0;
  while (at < text.length) {
    const line = text.slice(at, lineEnd(text, at));
    const header = headerPattern.exec(line);
    if (header !== null) {
      table = keyParts(header[2] ?? '');
      if (header[1] !== undefined) arrays.push(table);
      inArray = arrays.some((path) => startsWith(table, path));
      topEnd = Math.min(topEnd, at);
      headers.push({ path: table, inArray, start: at, end: at + line.length, sectionEnd: at + line.length });
      at += line.length;
      continue;
    }
    const start = at + (/^\s*/.exec(line)?.[0].length ?? 0);
    const found = memberAt(text, start);
    if (found === undefined) {
      at += line.length;
      continue;
    }
    at = lineEnd(text, found.end);
    const parts = keyParts(found.key);
    const section = headers.at(-1);
    if (section !== undefined) section.sectionEnd = at;
    if (!inArray) statements.push({ ...found, path: [...table, ...parts], dotted: parts.length > 1 });
  }
  return { statements, headers, topEnd };
}

/** The members of an inline table whose brace is at `brace`; their `key` is the one name that it stands for. */
export function inlineMembers(text: string, brace: number): Member[] | undefined {
  const members: Member[] = [];
  let at = brace + 1;
  for (;;) {
    at += /^[\s,]*/.exec(text.slice(at))?.[0].length ?? 0;
    if (text[at] === '}' || at >= text.length) return members;
    const found = memberAt(text, at);
    const parts = found === undefined ? [] : keyParts(found.key);
    // Dotted keys and comments in inline tables are rare: the caller refuses what it cannot keep.
    if (found === undefined || parts.length !== 1) return undefined;
    members.push({ ...found, key: parts[0] ?? '' });
    at = found.end;
  }
}

/** The items of an array whose bracket is at `bracket`; their `key` is empty. */
export function arrayItems(text: string, bracket: number): Member[] {
  const items: Member[] = [];
  let at = bracket + 1;
  for (;;) {
    between.lastIndex = at;
    at += between.exec(text)?.[0].length ?? 0;
    if (text[at] === ']' || at >= text.length) return items;
    const end = valueEnd(text, at);
    if (end <= at) return items;
    items.push({ key: '', start: at, valueStart: at, end });
    at = end;
  }
}

const between = /(?:[\s,]|#[^\n]*)*/y;

/** True if `path` begins with `start` or is it. */
export function startsWith(path: readonly string[], start: readonly string[]): boolean {
  return start.every((part, i) => path[i] === part);
}

/** The whole lines that a statement takes. */
export function wholeLines(text: string, { start, end }: Member): { start: number; end: number } {
  return { start: lineStart(text, start), end: lineEnd(text, end) };
}

function memberAt(text: string, start: number): Member | undefined {
  keyPattern.lastIndex = start;
  const match = keyPattern.exec(text);
  if (match === null) return undefined;
  const valueStart = start + match[0].length;
  return { key: match[1] ?? '', start, valueStart, end: valueEnd(text, valueStart) };
}

function keyParts(key: string): string[] {
  return [...key.matchAll(new RegExp(keyPart, 'g'))].map(([part]) => unquote(part));
}

function unquote(key: string): string {
  if (key.startsWith("'")) return key.slice(1, -1);
  if (!key.startsWith('"')) return key;
  try {
    return JSON.parse(key);
  } catch {
    return key;
  }
}

/** The offset after a value: strings of all four kinds, arrays and inline tables over several lines, scalars. */
function valueEnd(text: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const c = text[at] ?? '';
    if (c === '"' || c === "'") {
      at = stringEnd(text, at, c);
      if (depth === 0) return at;
      continue;
    }
    if (c === '[' || c === '{') depth++;
    else if (c === ']' || c === '}') {
      if (depth === 0) break;
      if (--depth === 0) return at + 1;
    } else if (c === '#') {
      if (depth === 0) break;
      at = lineEnd(text, at);
      continue;
    } else if (depth === 0 && (c === '\n' || c === '\r' || c === ',')) break;
    at++;
  }
  return start + text.slice(start, at).trimEnd().length;
}

function stringEnd(text: string, start: number, mark: string): number {
  const triple = mark.repeat(3);
  if (text.startsWith(triple, start)) {
    for (let at = start + 3; at < text.length; at++) {
      if (mark === '"' && text[at] === '\\') at++;
      else if (text.startsWith(triple, at)) {
        // Up to two more quotation marks may belong to the string.
        let end = at + 3;
        while (end < at + 5 && text[end] === mark) end++;
        return end;
      }
    }
    return text.length;
  }
  for (let at = start + 1; at < text.length; at++) {
    if (mark === '"' && text[at] === '\\') at++;
    else if (text[at] === mark) return at + 1;
  }
  return text.length;
}
