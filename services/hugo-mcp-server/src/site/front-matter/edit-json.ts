import { isObject, type JsonObject, type JsonValue, mergePatch } from './json-value.ts';
import { type Member, removeMembers } from './members.ts';
import { applySplices, type Splice } from './splice.ts';

/** JSON front matter (with its braces) with a patch applied to the members that it means; the rest keeps its bytes. */
export function editJson(inner: string, patch: JsonObject, eol: string): string | undefined {
  const current: unknown = JSON.parse(inner);
  if (!isObject(current)) return undefined;
  const indent = /\n([ \t]+)"/.exec(inner)?.[1];
  const style: Style = { unit: indent, eol };
  return applySplices(inner, objectSplices(inner, inner.indexOf('{'), current, patch, style, indent));
}

interface Style {
  /** White space of one level; undefined if all stands on one line. */
  unit: string | undefined;
  eol: string;
}

function objectSplices(
  text: string,
  brace: number,
  current: Record<string, unknown>,
  patch: JsonObject,
  style: Style,
  indent: string | undefined,
): Splice[] {
  const open = brace + 1;
  const members = membersFrom(text, open);
  const splices: Splice[] = [];
  const removed = new Set<Member>();
  const added: string[] = [];
  for (const [key, value] of Object.entries(patch)) {
    const found = members.find((member) => member.key === key);
    if (value === null) {
      if (found !== undefined) removed.add(found);
    } else if (found === undefined) {
      added.push(`${JSON.stringify(key)}: ${print(settled(value), style, indent)}`);
    } else {
      const old = current[key];
      if (isObject(value) && isObject(old)) {
        // An object on one line stays on one line.
        const broken = /\n([ \t]+)"/.exec(text.slice(found.valueStart, found.end))?.[1];
        splices.push(...objectSplices(text, found.valueStart, old, value as JsonObject, style, broken));
      } else {
        splices.push({ start: found.valueStart, end: found.end, text: print(settled(value), style, indent) });
      }
    }
  }
  splices.push(...removeMembers(members, removed, open));
  if (added.length > 0) {
    const last = members.findLast((member) => !removed.has(member));
    const separator = indent === undefined ? ' ' : `${style.eol}${indent}`;
    const lines = added.join(`,${separator}`);
    if (last !== undefined) splices.push({ start: last.end, end: last.end, text: `,${separator}${lines}` });
    else splices.push({ start: open, end: open, text: indent === undefined ? lines : `${separator}${lines}` });
  }
  return splices;
}

/** A value for a place where nothing was that its `null` members could delete. */
function settled(value: JsonValue): JsonValue {
  return isObject(value) ? mergePatch(undefined, value as JsonObject) : value;
}

function print(value: unknown, { unit, eol }: Style, indent: string | undefined): string {
  if (unit === undefined || indent === undefined) return JSON.stringify(value);
  return JSON.stringify(value, null, unit).replaceAll('\n', `${eol}${indent}`);
}

/** The text is valid JSON: what is skipped here need not be checked. */
function membersFrom(text: string, open: number): Member[] {
  const members: Member[] = [];
  let at = open;
  for (;;) {
    at = skip(text, at, /[\s,]*/y);
    if (text[at] !== '"') return members;
    const start = at;
    at = stringEnd(text, at);
    const key = JSON.parse(text.slice(start, at)) as string;
    const valueStart = skip(text, at, /\s*:\s*/y);
    at = valueEnd(text, valueStart);
    members.push({ key, start, valueStart, end: at });
  }
}

function skip(text: string, at: number, pattern: RegExp): number {
  pattern.lastIndex = at;
  return at + (pattern.exec(text)?.[0].length ?? 0);
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function valueEnd(text: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const c = text[at];
    if (c === '"') {
      at = stringEnd(text, at);
      if (depth === 0) return at;
      continue;
    }
    if (c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']') {
      if (depth === 0) break;
      if (--depth === 0) return at + 1;
    } else if (depth === 0 && (c === ',' || /\s/.test(c ?? ''))) break;
    at++;
  }
  return at;
}
