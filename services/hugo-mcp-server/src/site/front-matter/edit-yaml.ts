import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { bracketSplices, type ListChange, listChange } from './edit-list.ts';
import { isObject, type JsonObject, type JsonValue } from './json-value.ts';
import { type Member, removeMembers } from './members.ts';
import { applySplices, lineEnd, lineStart, type Splice } from './splice.ts';
import { flowYaml, yamlAfterKey, yamlField, yamlItem, yamlKey, yamlScalar } from './write-value.ts';

/**
 * YAML front matter with a patch applied; every byte that the patch does not mean stays. Undefined if this text cannot
 * be edited in place (flow style at the top, explicit keys); the caller checks the result in any case.
 *
 * @param keepItems false to write lists and maps in flow style as a whole, which loses the comments inside them
 */
export function editYaml(inner: string, patch: JsonObject, eol: string, keepItems: boolean): string | undefined {
  const document = parseDocument(inner, { merge: true, logLevel: 'error' });
  if (document.errors.length > 0) return undefined;
  const contents = document.contents;
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    return inner + fields(patch, '', eol);
  }
  if (!isMap(contents) || contents.flow === true) return undefined;
  const splices = mapSplices({ inner, eol, keepItems }, contents, patch);
  return splices === undefined ? undefined : applySplices(inner, splices);
}

interface Edit {
  inner: string;
  eol: string;
  keepItems: boolean;
}

function mapSplices(edit: Edit, map: YAMLMap, patch: JsonObject): Splice[] | undefined {
  const { inner, eol } = edit;
  const splices: Splice[] = [];
  const added: JsonObject = Object.create(null);
  for (const [key, value] of Object.entries(patch)) {
    const pair = map.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key);
    if (pair === undefined) {
      if (value !== null) added[key] = value;
      continue;
    }
    const change = pairSplices(edit, map, pair, key, value);
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

function pairSplices(edit: Edit, map: YAMLMap, pair: Pair, key: string, value: JsonValue): Splice[] | undefined {
  const { inner, eol } = edit;
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
    return mapSplices(edit, node, value as JsonObject);
  }
  const kept = edit.keepItems ? insideSplices(edit, node, value) : undefined;
  if (kept !== undefined) return kept;
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

/** Changes inside a list, or inside a map in flow style. Undefined if the value is to be written as a whole. */
function insideSplices(edit: Edit, node: Node | null, value: JsonValue): Splice[] | undefined {
  if (isObject(value)) {
    return isMap(node) && node.flow === true ? flowMapSplices(edit, node, value as JsonObject) : undefined;
  }
  if (!Array.isArray(value) || !isSeq(node) || !node.range) return undefined;
  const nodes = node.items as Node[];
  // An anchor stands outside the range of its node, and would be left behind.
  if (nodes.some((item) => !item?.range || isAlias(item) || item.anchor !== undefined || item.tag !== undefined))
    return undefined;
  const change = listChange(node.toJSON() as JsonValue[], value);
  if (change === undefined) return undefined;
  if (node.flow !== true) return blockListSplices(edit, nodes, change);
  const items = nodes.map((item) => ({ key: '', start: startOf(item), valueStart: startOf(item), end: nodeEnd(item) }));
  const print = (one: JsonValue) => flowYaml(withoutNulls(one));
  return bracketSplices(edit.inner, { open: node.range[0] + 1, items, eol: edit.eol, print }, change);
}

/** Changes a list whose items each begin a line with their dash. */
function blockListSplices({ inner, eol }: Edit, nodes: readonly Node[], change: ListChange): Splice[] | undefined {
  const splices: Splice[] = [];
  const leads = nodes.map((item) => inner.slice(lineStart(inner, startOf(item)), startOf(item)));
  if (!leads.every((lead) => /^ *- +$/.test(lead))) return undefined;
  const print = (value: JsonValue, lead: string) =>
    yamlItem(withoutNulls(value), ' '.repeat(lead.length), eol).slice(1);
  for (const [i, value] of change.replaced) {
    const node = nodes[i] as Node;
    splices.push({ start: startOf(node), end: nodeEnd(node), text: print(value, leads[i] ?? '') });
  }
  for (const i of change.removed) {
    const node = nodes[i] as Node;
    splices.push({ start: lineStart(inner, startOf(node)), end: lineEnd(inner, nodeEnd(node)), text: '' });
  }
  for (const { after, values } of change.added) {
    const node = nodes[Math.max(after, 0)] as Node;
    const lead = leads[Math.max(after, 0)] ?? '';
    const at = after < 0 ? lineStart(inner, startOf(node)) : lineEnd(inner, nodeEnd(node));
    const first = at === 0 || inner[at - 1] === '\n' ? '' : eol;
    splices.push({ start: at, end: at, text: first + values.map((one) => lead + print(one, lead) + eol).join('') });
  }
  return splices;
}

/** Changes a map in flow style, `{a: 1, b: 2}`. */
function flowMapSplices(edit: Edit, map: YAMLMap, patch: JsonObject): Splice[] | undefined {
  const { inner } = edit;
  if (!map.range) return undefined;
  const members = new Map<string, Member & { node: Node }>();
  for (const { key, value } of map.items) {
    // `{a}` and `{? a : b}` have no value, or no place for one, that could be told apart.
    if (!isScalar(key) || !key.range || !isNode(value) || !value.range || value.range[0] <= key.range[1])
      return undefined;
    if (isScalar(value) && inner.slice(value.range[0], value.range[1]) === '') return undefined;
    const name = String(key.value);
    members.set(name, { key: name, start: key.range[0], valueStart: value.range[0], end: nodeEnd(value), node: value });
  }
  const splices: Splice[] = [];
  const removed = new Set<Member>();
  const added: string[] = [];
  for (const [key, value] of Object.entries(patch)) {
    const found = members.get(key);
    if (value === null) {
      if (found !== undefined) removed.add(found);
      continue;
    }
    if (found === undefined) {
      added.push(`${yamlKey(key)}: ${flowYaml(withoutNulls(value))}`);
      continue;
    }
    const merged = isObject(value) ? mergeObjects(found.node, value as JsonObject) : value;
    const whole = { start: found.valueStart, end: found.end, text: flowYaml(merged) };
    splices.push(...(insideSplices(edit, found.node, value) ?? [whole]));
  }
  const open = map.range[0] + 1;
  const all = [...members.values()];
  const cuts = removeMembers(all, removed, open);
  // A comment between members may be about one that stays.
  if (cuts.some(({ start, end }) => inner.slice(start, end).includes('#'))) return undefined;
  splices.push(...cuts);
  if (added.length > 0) {
    const last = all.findLast((member) => !removed.has(member));
    const at = last?.end ?? open;
    splices.push({ start: at, end: at, text: last === undefined ? added.join(', ') : `, ${added.join(', ')}` });
  }
  return splices;
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
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
