import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { isObject, type JsonObject, type JsonValue } from './json-value.ts';
import { applySplices, lineEnd, lineStart, type Splice } from './splice.ts';
import { yamlAfterKey, yamlField, yamlScalar } from './write-value.ts';

/**
 * YAML front matter with a patch applied; every byte that the patch does not mean stays. Undefined if this text cannot
 * be edited in place (flow style at the top, explicit keys); the caller checks the result in any case.
 */
export function editYaml(inner: string, patch: JsonObject, eol: string): string | undefined {
  const document = parseDocument(inner, { merge: true, logLevel: 'error' });
  if (document.errors.length > 0) return undefined;
  const contents = document.contents;
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    return inner + fields(patch, '', eol);
  }
  if (!isMap(contents) || contents.flow === true) return undefined;
  const splices = mapSplices(inner, contents, patch, eol);
  return splices === undefined ? undefined : applySplices(inner, splices);
}

function mapSplices(inner: string, map: YAMLMap, patch: JsonObject, eol: string): Splice[] | undefined {
  const splices: Splice[] = [];
  const added: JsonObject = Object.create(null);
  for (const [key, value] of Object.entries(patch)) {
    const pair = map.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key);
    if (pair === undefined) {
      if (value !== null) added[key] = value;
      continue;
    }
    const change = pairSplices(inner, map, pair, key, value, eol);
    if (change === undefined) return undefined;
    splices.push(...change);
  }
  const last = map.items.at(-1);
  const first = map.items[0];
  if (Object.keys(added).length > 0) {
    if (last === undefined || first === undefined) return undefined;
    const end = lineEnd(inner, pairEnd(last));
    const indent = indentOf(inner, first);
    if (indent === undefined) return undefined;
    const lead = inner[end - 1] === '\n' ? '' : eol;
    splices.push({ start: end, end, text: lead + fields(added, indent, eol) });
  }
  return splices;
}

function pairSplices(
  inner: string,
  map: YAMLMap,
  pair: Pair,
  key: string,
  value: JsonValue,
  eol: string,
): Splice[] | undefined {
  const keyRange = (pair.key as Node).range;
  const indent = indentOf(inner, pair);
  if (!keyRange || indent === undefined) return undefined;
  const node = pair.value as Node | null;
  const end = pairEnd(pair);
  if (value === null) {
    // The first key of a mapping inside a list shares its line with the dash.
    if (map.items[0] === pair && inner.slice(lineStart(inner, keyRange[0]), keyRange[0]).trim() !== '')
      return undefined;
    return [{ start: lineStart(inner, keyRange[0]), end: lineEnd(inner, end), text: '' }];
  }
  if (isObject(value) && isMap(node) && node.flow !== true && !emptied(node, value as JsonObject)) {
    return mapSplices(inner, node, value as JsonObject, eol);
  }
  const merged = isObject(value) ? mergeObjects(node, value as JsonObject) : value;
  const scalar = typeof merged !== 'object' || merged === null;
  if (
    scalar &&
    isScalar(node) &&
    node.range &&
    plainOrQuoted(node) &&
    inner.slice(node.range[0], node.range[1]) !== ''
  ) {
    return [{ start: node.range[0], end: node.range[1], text: yamlScalar(key, merged) }];
  }
  const text = `:${yamlAfterKey(key, merged, indent, eol)}`;
  return [{ start: keyRange[1], end: Math.max(end, colonEnd(inner, keyRange[1])), text }];
}

function fields(values: JsonObject, indent: string, eol: string): string {
  return Object.entries(values)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => yamlField(key, withoutNulls(value), indent, eol))
    .join('');
}

/** An object that is put in a new place has nothing that its `null` members could delete. */
function withoutNulls(value: JsonValue): JsonValue {
  if (!isObject(value)) return value;
  const entries = Object.entries(value as JsonObject).filter(([, item]) => item !== null);
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutNulls(item)]));
}

function mergeObjects(node: Node | null, patch: JsonObject): JsonValue {
  const old = isCollection(node) ? node.toJSON() : undefined;
  const base = isObject(old) ? (old as JsonObject) : {};
  const result = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, withoutNulls(value));
  }
  return Object.fromEntries(result);
}

/** True if the patch deletes every member of the map: an empty block mapping would read as null. */
function emptied(map: YAMLMap, patch: JsonObject): boolean {
  const left = map.items.filter((item) => !(isScalar(item.key) && patch[String(item.key.value)] === null));
  return left.length === 0 && Object.values(patch).every((value) => value === null);
}

function plainOrQuoted(node: { type?: unknown }): boolean {
  return node.type === 'PLAIN' || node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE';
}

/** The white space before the key. Undefined if something else stands there (`? key`, an anchor, a dash). */
function indentOf(inner: string, pair: Pair): string | undefined {
  const range = (pair.key as Node).range;
  if (!range) return undefined;
  const before = inner.slice(lineStart(inner, range[0]), range[0]);
  return /^ *$/.test(before) ? before : undefined;
}

/** The offset after the last character of the pair, without the comments and blank lines that follow it. */
function pairEnd(pair: Pair): number {
  const value = pair.value as Node | null;
  const key = pair.key as Node;
  const keyEnd = key.range?.[1] ?? 0;
  return value === null ? keyEnd : Math.max(nodeEnd(value), keyEnd);
}

function nodeEnd(node: Node): number {
  const range = node.range;
  if (isCollection(node) && node.flow !== true) {
    const last = node.items.at(-1);
    if (isPair(last)) return pairEnd(last as Pair);
    if (last !== undefined && last !== null) return nodeEnd(last as Node);
  }
  if (isAlias(node) || !isScalar(node)) return range?.[1] ?? 0;
  // A block scalar's range takes the line end in; the next key begins there.
  const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
  return isBlock ? Math.max((range?.[1] ?? 1) - 1, range?.[0] ?? 0) : (range?.[1] ?? 0);
}

function colonEnd(inner: string, keyEnd: number): number {
  const match = /^[ \t]*:/.exec(inner.slice(keyEnd, keyEnd + 64));
  return keyEnd + (match?.[0].length ?? 0);
}
