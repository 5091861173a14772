import type { FrontMatterFields, JsonValue } from '@arleo/core/content/front-matter-rules';

export type { JsonValue };
/** Front matter, or an object inside it. */
export type JsonObject = FrontMatterFields;

/** True for `{…}`, not for arrays and null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Front matter after a change: objects are merged member by member, `null` deletes, everything else replaces. An
 * object that loses its last member stays, empty.
 */
export function mergePatch(target: unknown, patch: JsonObject): JsonObject {
  const result = new Map<string, JsonValue>(isObject(target) ? (Object.entries(target) as [string, JsonValue][]) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, isObject(value) ? mergePatch(result.get(key), value as JsonObject) : value);
  }
  // fromEntries and not assignment: a key named __proto__ is data here.
  return Object.fromEntries(result);
}

/** Deep equality of JSON values; the order of members does not count. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a === 'number' && typeof b === 'number') return Number.isNaN(a) && Number.isNaN(b);
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => sameJson(item, b[i]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  );
}
