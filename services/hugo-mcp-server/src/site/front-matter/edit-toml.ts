import { isObject, type JsonObject } from './json-value.ts';
import { applySplices, lineEnd, lineStart, type Splice } from './splice.ts';
import { tomlKey, tomlValue } from './write-value.ts';

interface Statement {
  key: string;
  start: number;
  valueStart: number;
  end: number;
}

/**
 * TOML front matter with a patch applied to its top-level `key = value` lines. Undefined if the patch means a table
 * (`[params]`) or something that TOML cannot say; the caller checks the result in any case.
 */
export function editToml(inner: string, patch: JsonObject, eol: string): string | undefined {
  const { statements, end } = topLevel(inner);
  const splices: Splice[] = [];
  let added = '';
  for (const [key, value] of Object.entries(patch)) {
    const found = statements.find((statement) => statement.key === key);
    if (value === null) {
      if (found === undefined) return undefined;
      splices.push({ start: lineStart(inner, found.start), end: lineEnd(inner, found.end), text: '' });
      continue;
    }
    if (isObject(value)) return undefined;
    const text = tomlValue(key, value);
    if (text === undefined) return undefined;
    if (found !== undefined) splices.push({ start: found.valueStart, end: found.end, text });
    else added += `${tomlKey(key)} = ${text}${eol}`;
  }
  if (added !== '') {
    const last = statements.at(-1);
    const at = last === undefined ? end : lineEnd(inner, last.end);
    const lead = at > 0 && inner[at - 1] !== '\n' ? eol : '';
    splices.push({ start: at, end: at, text: lead + added });
  }
  return applySplices(inner, splices);
}

/** The statements before the first table header, and where they end. */
function topLevel(inner: string): { statements: Statement[]; end: number } {
  const statements: Statement[] = [];
  let at = 0;
  while (at < inner.length) {
    const line = inner.slice(at, lineEnd(inner, at));
    if (/^\s*\[/.test(line)) return { statements, end: at };
    const match = /^(\s*)([A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')(\s*=\s*)/.exec(line);
    if (match === null) {
      at += line.length;
      continue;
    }
    const [whole, lead = '', rawKey = ''] = match;
    const valueStart = at + whole.length;
    const end = valueEnd(inner, valueStart);
    statements.push({ key: unquote(rawKey), start: at + lead.length, valueStart, end });
    at = lineEnd(inner, end);
  }
  return { statements, end: inner.length };
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
    else if ((c === ']' || c === '}') && --depth === 0) return at + 1;
    else if (c === '#') {
      if (depth === 0) break;
      at = lineEnd(text, at);
      continue;
    } else if (depth === 0 && (c === '\n' || c === '\r')) break;
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
