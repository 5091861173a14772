import type { JsonValue } from './json-value.ts';
import { type Member, removeMembers } from './members.ts';
import { lineEnd, lineStart, type Splice } from './splice.ts';

/** How one list becomes another: what happens to each old item, and what is new behind which of them (-1: before all). */
export interface ListChange {
  /** New values of items that stay in their place. */
  replaced: Map<number, JsonValue>;
  removed: Set<number>;
  added: { after: number; values: JsonValue[] }[];
}

/** As many items as a list may have that is not written as a whole: what it takes grows with their square. */
export const LIST_MAX_ITEMS = 500;

/**
 * The smallest change that makes one list of the other. Undefined if a list is or becomes empty, or if both are too
 * long to be compared: it is written as a whole then.
 */
export function listChange(before: readonly JsonValue[], after: readonly JsonValue[]): ListChange | undefined {
  if (Math.min(before.length, after.length) === 0) return undefined;
  if (Math.max(before.length, after.length) > LIST_MAX_ITEMS) return undefined;
  const [old, now] = [before.map((item) => JSON.stringify(item)), after.map((item) => JSON.stringify(item))];
  const width = now.length + 1;
  // common[i * width + j]: items that the ends of both lists, from i and j on, have in common.
  const common = new Uint32Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      const both = old[i] === now[j] ? (common[(i + 1) * width + j + 1] ?? 0) + 1 : 0;
      common[i * width + j] = Math.max(both, common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
    }
  }
  const change: ListChange = { replaced: new Map(), removed: new Set(), added: [] };
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    let [gone, come] = [i, j];
    while ((gone < old.length || come < now.length) && !(gone < old.length && old[gone] === now[come])) {
      const skipOld = common[(gone + 1) * width + come] ?? 0;
      if (gone < old.length && (come >= now.length || skipOld >= (common[gone * width + come + 1] ?? 0))) gone += 1;
      else come += 1;
    }
    let last = i - 1;
    for (; i < gone && j < come; i++, j++) {
      change.replaced.set(i, after[j] as JsonValue);
      last = i;
    }
    for (; i < gone; i++) change.removed.add(i);
    if (j < come) change.added.push({ after: last, values: after.slice(j, come) });
    [i, j] = [gone + 1, come + 1];
  }
  return change;
}

/** A list between brackets, with commas, as YAML's flow style and TOML have it. */
export interface BracketList {
  /** The offset after the opening bracket. */
  open: number;
  /** Where its items are; their `key` says nothing. */
  items: readonly Member[];
  eol: string;
  /** An item as text. Undefined if the format cannot say it. */
  print(value: JsonValue): string | undefined;
}

/**
 * Changes a list between brackets; the other items, and the comments that stand on lines of their own or behind them,
 * keep their bytes. Undefined where a comment would have to go with an item that shares its line with others.
 */
export function bracketSplices(text: string, list: BracketList, change: ListChange): Splice[] | undefined {
  const { open, items, eol, print } = list;
  const splices: Splice[] = [];
  const inLine = new Set<Member>();
  const isAlone = ({ start, end }: Member) =>
    text.slice(lineStart(text, start), start).trim() === '' &&
    /^[ \t]*,?[ \t]*(?:#.*)?\r?\n?$/.test(text.slice(end, lineEnd(text, end)));
  for (const [i, value] of change.replaced) {
    const [item, written] = [items[i], print(value)];
    if (item === undefined || written === undefined) return undefined;
    splices.push({ start: item.start, end: item.end, text: written });
  }
  for (const i of change.removed) {
    const item = items[i];
    if (item === undefined) return undefined;
    if (isAlone(item)) splices.push({ start: lineStart(text, item.start), end: lineEnd(text, item.end), text: '' });
    else inLine.add(item);
  }
  const cuts = removeMembers(items, inLine, open);
  for (const { start, end } of cuts) {
    let between = start;
    for (const item of items) {
      if (item.start < start || item.end > end) continue;
      if (text.slice(between, item.start).includes('#')) return undefined;
      between = item.end;
    }
    if (text.slice(between, end).includes('#')) return undefined;
  }
  splices.push(...cuts);
  for (const { after, values } of change.added) {
    const written = values.map(print);
    // Before all: what is there then is the first item.
    const item = items[Math.max(after, 0)];
    if (item === undefined || written.includes(undefined)) return undefined;
    const lineAt = lineStart(text, item.start);
    const indent = text.slice(lineAt, item.start);
    if (!isAlone(item)) {
      if (after < 0) splices.push({ start: item.start, end: item.start, text: `${written.join(', ')}, ` });
      else splices.push({ start: item.end, end: item.end, text: `, ${written.join(', ')}` });
      continue;
    }
    const lines = written.map((one) => `${indent}${one},`);
    if (after < 0) {
      splices.push({ start: lineAt, end: lineAt, text: lines.map((line) => `${line}${eol}`).join('') });
      continue;
    }
    const hasComma = /^[ \t]*,/.test(text.slice(item.end, lineEnd(text, item.end)));
    if (!hasComma) splices.push({ start: item.end, end: item.end, text: ',' });
    const block = lines.map((line) => `${line}${eol}`).join('');
    const at = lineEnd(text, item.end);
    splices.push({ start: at, end: at, text: hasComma ? block : block.slice(0, -1 - eol.length) + eol });
  }
  return splices;
}
