import { isObject, type JsonObject, mergePatch } from './json-value.ts';
import { applySplices, type Splice } from './splice.ts';

interface Member {
  key: string;
  start: number;
  valueStart: number;
  end: number;
}

/** JSON front matter (with its braces) with a patch applied to its top-level members; the rest keeps its bytes. */
export function editJson(inner: string, patch: JsonObject, eol: string): string | undefined {
  const current: unknown = JSON.parse(inner);
  if (!isObject(current)) return undefined;
  const members = topLevelMembers(inner);
  const splices: Splice[] = [];
  const indent = /\n([ \t]+)"/.exec(inner)?.[1];
  let left = members;
  const added: string[] = [];
  for (const [key, value] of Object.entries(patch)) {
    const found = members.find((member) => member.key === key);
    if (value === null) {
      if (found !== undefined) {
        splices.push(...removal(inner, left, found));
        left = left.filter((member) => member !== found);
      }
      continue;
    }
    const merged = isObject(value) ? mergePatch(current[key], value as JsonObject) : value;
    if (found !== undefined)
      splices.push({ start: found.valueStart, end: found.end, text: print(merged, indent, eol) });
    else added.push(`${JSON.stringify(key)}: ${print(merged, indent, eol)}`);
  }
  if (added.length > 0) {
    const last = left.at(-1);
    const separator = indent === undefined ? ' ' : `${eol}${indent}`;
    const text = added.join(`,${separator}`);
    const open = inner.indexOf('{') + 1;
    if (last !== undefined) splices.push({ start: last.end, end: last.end, text: `,${separator}${text}` });
    else splices.push({ start: open, end: open, text: indent === undefined ? text : `${separator}${text}` });
  }
  return applySplices(inner, splices);
}

/** Takes a member out with one comma: the one after it, or for the last one the one before it. */
function removal(inner: string, members: readonly Member[], member: Member): Splice[] {
  const at = members.indexOf(member);
  const next = members[at + 1];
  const previous = members[at - 1];
  if (next !== undefined) return [{ start: member.start, end: next.start, text: '' }];
  if (previous !== undefined) return [{ start: previous.end, end: member.end, text: '' }];
  const open = inner.indexOf('{') + 1;
  return [{ start: open, end: member.end, text: '' }];
}

function print(value: unknown, indent: string | undefined, eol: string): string {
  if (indent === undefined) return JSON.stringify(value);
  return JSON.stringify(value, null, indent).replaceAll('\n', `${eol}${indent}`);
}

/** `inner` is valid JSON: what is skipped here need not be checked. */
function topLevelMembers(inner: string): Member[] {
  const members: Member[] = [];
  let at = inner.indexOf('{') + 1;
  for (;;) {
    at = skip(inner, at, /[\s,]*/y);
    if (inner[at] !== '"') return members;
    const start = at;
    at = stringEnd(inner, at);
    const key = JSON.parse(inner.slice(start, at)) as string;
    const valueStart = skip(inner, at, /\s*:\s*/y);
    at = valueEnd(inner, valueStart);
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
