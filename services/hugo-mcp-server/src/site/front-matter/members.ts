import type { Splice } from './splice.ts';

/** A member of an object that is written between braces: `key: value` or `key = value`, with commas between them. */
export interface Member {
  key: string;
  /** Where the key begins. */
  start: number;
  valueStart: number;
  /** The offset after the value. */
  end: number;
}

/**
 * Takes members out with their commas: the one after each, or for the last ones the one before them.
 *
 * @param open the offset after the opening brace
 */
export function removeMembers(members: readonly Member[], removed: ReadonlySet<Member>, open: number): Splice[] {
  const splices: Splice[] = [];
  for (let first = 0; first < members.length; first++) {
    const from = members[first];
    if (from === undefined || !removed.has(from)) continue;
    let last = first;
    while (removed.has(members[last + 1] as Member)) last++;
    const next = members[last + 1];
    const end = members[last]?.end ?? from.end;
    if (next !== undefined) splices.push({ start: from.start, end: next.start, text: '' });
    else splices.push({ start: members[first - 1]?.end ?? open, end, text: '' });
    first = last;
  }
  return splices;
}
