/** Which part of a long text is wanted; lines and columns from 1. */
export interface RangeWanted {
  fromLine: number;
  fromColumn: number;
  maxLines?: number | undefined;
}

/** One part of a text. */
export interface TextRange {
  text: string;
  /** Lines of the whole text; 0 if it is empty. */
  totalLines: number;
  /** The lines that the part has something of; `last` is `first - 1` if it has nothing. */
  first: number;
  last: number;
  /** Where the next part begins; undefined at the end. */
  next: { line: number; column: number } | undefined;
}

/**
 * As many whole lines as fit, from a line on; of a line that alone does not fit, as much as does.
 *
 * @param budget characters that the part may have as JSON, in which quotes and controls take more than one
 */
export function textRange(text: string, { fromLine, fromColumn, maxLines }: RangeWanted, budget: number): TextRange {
  const lines = linesOf(text);
  const totalLines = lines.length;
  const parts: string[] = [];
  let left = budget;
  let at = fromLine;
  let next: TextRange['next'];
  for (; at <= totalLines && parts.length < (maxLines ?? Number.POSITIVE_INFINITY); at++) {
    const offset = at === fromLine ? fromColumn - 1 : 0;
    const line = (lines[at - 1] ?? '').slice(offset);
    const cost = jsonLength(line);
    if (cost > left) {
      if (parts.length === 0) {
        const part = beginning(line, left);
        parts.push(part);
        next = { line: at, column: offset + part.length + 1 };
        at += 1;
      }
      break;
    }
    parts.push(line);
    left -= cost;
  }
  if (next === undefined && at <= totalLines) next = { line: at, column: 1 };
  return { text: parts.join(''), totalLines, first: fromLine, last: at - 1, next };
}

/** Characters that a text takes as JSON, without the quotes around it. */
export function jsonLength(text: string): number {
  return JSON.stringify(text).length - 2;
}

/** The lines of a text with their line ends. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** As much of a line as fits, at least one character, without half a character at its end. */
function beginning(line: string, budget: number): string {
  let used = 0;
  let end = 0;
  for (const character of line) {
    used += jsonLength(character);
    if (used > budget && end > 0) break;
    end += character.length;
  }
  return line.slice(0, end);
}
