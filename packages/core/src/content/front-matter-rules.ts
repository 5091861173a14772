import {
  ARGUMENT_FRONT_MATTER_KEYS,
  FRONT_MATTER_MAX_BYTES,
  FRONT_MATTER_MAX_DEPTH,
  REFUSED_FRONT_MATTER_KEYS,
} from './limits.ts';
import { codePointName, deceptiveCharacterInLines, deceptiveCharacterInName } from './text.ts';

/** A JSON value. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** Front matter fields as a tool's argument; `null` deletes a field, also inside objects, on update. */
export type FrontMatterFields = { [key: string]: JsonValue };

/** Where in the front matter a fault is, and what to do about it. */
export interface FrontMatterProblem {
  path: (string | number)[];
  message: string;
}

const keyMaxLength = 100;
/** Keys that mean something to JavaScript objects: refused everywhere, so that no code can be led to another prototype. */
const objectKeys = new Set(['__proto__', 'constructor', 'prototype']);
const refusedKeys: ReadonlySet<string> = new Set(REFUSED_FRONT_MATTER_KEYS);
/** Fields with rules of their own; Hugo reads keys without regard to case, so another spelling would go round the rules. */
const ruledKeys: ReadonlySet<string> = new Set([...ARGUMENT_FRONT_MATTER_KEYS, 'date', 'lastmod', 'slug']);

/**
 * The first fault in a front matter argument, or undefined if it is good: JSON types only, at most 3 levels and 10 KiB,
 * no refused field (compared as Hugo does, without regard to case), `null` only on update and not inside lists, and on
 * update no `date`, which cannot be changed.
 */
export function frontMatterProblem(value: unknown, use: 'create' | 'update'): FrontMatterProblem | undefined {
  if (!isPlainObject(value)) return { path: [], message: 'front_matter must be an object of field names and values.' };
  const seen = new Set<string>();
  for (const [key, field] of Object.entries(value)) {
    const lower = key.toLowerCase();
    const problem = fieldProblem(key, lower, field, use);
    if (problem !== undefined) return { path: [key], message: problem };
    if (seen.has(lower)) {
      return {
        path: [key],
        message: `"${key}" is there twice, in upper and lower case. Hugo sees one field: keep one.`,
      };
    }
    seen.add(lower);
    const inside = field === null ? undefined : valueProblem(field, [key], use);
    if (inside !== undefined) return inside;
  }
  // Last, for depth and types are known to be harmless by now.
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes <= FRONT_MATTER_MAX_BYTES) return undefined;
  return {
    path: [],
    message: `The front matter has ${bytes} bytes as JSON; at most ${FRONT_MATTER_MAX_BYTES} are allowed. Put text into content.`,
  };
}

function fieldProblem(key: string, lower: string, field: unknown, use: 'create' | 'update'): string | undefined {
  const name = keyProblem(key);
  if (name !== undefined) return name;
  if (refusedKeys.has(lower)) return `The field "${key}" cannot be set through this tool. Leave it out.`;
  if (ruledKeys.has(lower) && key !== lower) return `Write "${lower}" in lower case: Hugo reads both as one field.`;
  if (lower === 'date' && use === 'update')
    return 'The date of a page cannot be changed by an update. Leave "date" out.';
  if (lower === 'slug' && (typeof field === 'string' ? /[/\\]|^\.+$/.test(field) : field !== null)) {
    return 'A slug is one part of an address: text without slashes. Move the page to have it elsewhere.';
  }
  if (field !== null) return undefined;
  if (use === 'create') return 'null deletes a field, and a new page has none. Leave the field out.';
  return lower === 'title' ? 'A page must keep its title. Give a new title instead of null.' : undefined;
}

function keyProblem(key: string): string | undefined {
  if (key === '' || key.length > keyMaxLength) return `A field name must have 1 to ${keyMaxLength} characters.`;
  if (objectKeys.has(key)) return `The field name "${key}" is not allowed. Choose another.`;
  const character = deceptiveCharacterInName(key);
  return character === undefined
    ? undefined
    : `A field name contains ${codePointName(character)}, a control or invisible character. Leave it out.`;
}

function valueProblem(
  value: unknown,
  path: (string | number)[],
  use: 'create' | 'update',
): FrontMatterProblem | undefined {
  if (typeof value === 'boolean') return undefined;
  if (typeof value === 'number') {
    return Number.isFinite(value) ? undefined : { path, message: 'A number must be finite.' };
  }
  if (typeof value === 'string') {
    const character = deceptiveCharacterInLines(value);
    if (character === undefined) return undefined;
    return {
      path,
      message: `The text contains ${codePointName(character)}, a control or invisible character. Leave it out.`,
    };
  }
  if (value === null) {
    return {
      path,
      message: 'null deletes a field on update; it is no value in a list or of a new page. Leave it out.',
    };
  }
  if (!Array.isArray(value) && !isPlainObject(value)) {
    return { path, message: 'Only JSON types are allowed: text, numbers, true, false, lists and objects.' };
  }
  // The front matter itself is the first level, so a container at path length n opens level n + 1.
  if (path.length >= FRONT_MATTER_MAX_DEPTH) {
    return { path, message: `Front matter may be nested ${FRONT_MATTER_MAX_DEPTH} levels deep at most. Flatten it.` };
  }
  return Array.isArray(value) ? listProblem(value, path) : objectProblem(value, path, use);
}

function listProblem(list: readonly unknown[], path: (string | number)[]): FrontMatterProblem | undefined {
  for (const [index, item] of list.entries()) {
    const problem = valueProblem(item, [...path, index], 'create');
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function objectProblem(
  object: Record<string, unknown>,
  path: (string | number)[],
  use: 'create' | 'update',
): FrontMatterProblem | undefined {
  for (const [key, item] of Object.entries(object)) {
    const name = keyProblem(key);
    if (name !== undefined) return { path: [...path, key], message: name };
    if (item === null && use === 'update') continue;
    const problem = valueProblem(item, [...path, key], use);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
