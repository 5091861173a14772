/** One line of a Markdown body in which links may stand. */
export interface ProseLine {
  /** From 1. */
  number: number;
  /** Where it begins in the body. */
  start: number;
  /** The line without its line end; code and comments in it are blanked and not removed, so every offset holds. */
  text: string;
}

/**
 * The lines of a Markdown body that are neither fenced nor indented code nor HTML comment (CommonMark 0.31, sections
 * 4.4, 4.5, 6.1 and 6.6, as far as single lines tell: a code span ends in its line). The time it takes grows with the
 * length of the body and not faster, whatever the body holds.
 */
export function* proseLines(body: string): Generator<ProseLine> {
  const comments = createCommentFinder(body);
  const blocks = createBlockReader();
  let start = 0;
  let inComment = 0;
  for (const [i, raw] of body.split('\n').entries()) {
    const from = Math.min(raw.length, Math.max(0, inComment - start));
    if (from === 0 && blocks.isCode(raw)) {
      start += raw.length + 1;
      continue;
    }
    const { text, end } = blankedInline(raw, from, start, comments);
    inComment = Math.max(inComment, end);
    yield { number: i + 1, start, text };
    start += raw.length + 1;
  }
}

interface BlockReader {
  /** True if the next line is, or fences, code. */
  isCode(raw: string): boolean;
}

const bullet = /[-+*](?=[ \t]|$)|\d{1,9}[.)](?=[ \t]|$)/y;
const rule = /^(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$/;

function createBlockReader(): BlockReader {
  let fence: string | undefined;
  /** The columns at which the content of the list items around this line begins. */
  let items: number[] = [];
  /** An indented line after a line of text goes on with it. */
  let inParagraph = false;

  return {
    isCode(raw) {
      const line = raw.trimEnd();
      if (fence !== undefined) {
        const mark = /^\s*(`{3,}|~{3,})$/.exec(line)?.[1];
        if (mark?.startsWith(fence)) fence = undefined;
        return true;
      }
      if (line === '') {
        inParagraph = false;
        return false;
      }
      let { column, at } = indentOf(line, 0, 0);
      bullet.lastIndex = at;
      const begins = bullet.test(line) || /^(?:#|>|`{3}|~{3})/.test(line.slice(at, at + 3));
      if (!inParagraph || begins) items = items.filter((content) => content <= column);
      for (;;) {
        const indent = column - (items.at(-1) ?? 0);
        // Hugo takes a shortcode out before Markdown is read.
        if (!inParagraph && indent >= 4) return !/^\{\{[<%]/.test(line.slice(at, at + 3));
        const mark = indent < 4 ? fenceAt(line, at) : undefined;
        if (mark !== undefined) {
          fence = mark;
          inParagraph = false;
          return true;
        }
        bullet.lastIndex = at;
        const marker =
          indent < 4 && items.length < 100 && !rule.test(line.slice(at)) ? bullet.exec(line)?.[0] : undefined;
        if (marker === undefined) break;
        const after = column + marker.length;
        const next = indentOf(line, at + marker.length, after);
        // Five columns and more: the item begins with indented code.
        items.push(next.column - after > 4 || next.at === line.length ? after + 1 : next.column);
        inParagraph = false;
        if (next.at === line.length) return false;
        ({ column, at } = next);
      }
      const rest = line.slice(at, at + 8);
      inParagraph =
        !/^#{1,6}(?:[ \t]|$)/.test(rest) &&
        !(/^[=*_-]/.test(rest) && (rule.test(line.slice(at)) || /^[=-]+$/.test(line.slice(at))));
      return false;
    },
  };
}

/** The first column and offset at or after this one that is no white space; a tab goes on to the next fourth column. */
function indentOf(line: string, from: number, column: number): { column: number; at: number } {
  let at = from;
  let reached = column;
  for (; line[at] === ' ' || line[at] === '\t'; at++) reached += line[at] === '\t' ? 4 - (reached % 4) : 1;
  return { column: reached, at };
}

/** The mark of a code block that begins here. One of backticks has none after it, or it is a code span. */
function fenceAt(line: string, at: number): string | undefined {
  const mark = line[at];
  if ((mark !== '`' && mark !== '~') || !line.startsWith(mark.repeat(3), at)) return undefined;
  let end = at;
  while (line[end] === mark) end++;
  return mark === '`' && line.includes('`', end) ? undefined : line.slice(at, end);
}

const tokens = /\\[\\`<{]|`+|<!--|\{\{[<%]/g;

/** A line from an offset on, with its code spans and comments blanked, and where in the body its last comment ends. */
function blankedInline(
  raw: string,
  from: number,
  lineAt: number,
  comments: CommentFinder,
): { text: string; end: number } {
  if (from === 0 && !/[`<]/.test(raw)) return { text: raw, end: 0 };
  let text = ' '.repeat(from);
  let at = from;
  let end = 0;
  const closers = closingRuns(raw);
  const shortcodeEnd = { '{{<': seeker(raw, '>}}'), '{{%': seeker(raw, '%}}') };
  tokens.lastIndex = from;
  for (let found = tokens.exec(raw); found !== null; found = tokens.exec(raw)) {
    const [token] = found;
    const { index } = found;
    if (token === '{{<' || token === '{{%') {
      // What is quoted with backticks in a shortcode is no code.
      const close = shortcodeEnd[token](index);
      if (close !== -1) tokens.lastIndex = close + 3;
    } else if (token === '<!--') {
      const close = comments(lineAt + index, raw.slice(0, index).trim() === '');
      if (close === undefined) continue;
      end = close;
      const stop = Math.min(raw.length, close - lineAt);
      text += raw.slice(at, index) + ' '.repeat(stop - index);
      at = stop;
      tokens.lastIndex = stop;
    } else if (token.startsWith('`')) {
      const close = closers(index + token.length, token.length);
      if (close === undefined) continue;
      const stop = close + token.length;
      text += raw.slice(at, index) + ' '.repeat(stop - index);
      at = stop;
      tokens.lastIndex = stop;
    }
  }
  return { text: text + raw.slice(at), end };
}

/** Finds the next run of exactly so many backticks; it is asked from the left to the right. */
function closingRuns(raw: string): (from: number, length: number) => number | undefined {
  const runs = new Map<number, number[]>();
  for (const { 0: run, index } of raw.matchAll(/`+/g)) {
    const same = runs.get(run.length);
    if (same === undefined) runs.set(run.length, [index]);
    else same.push(index);
  }
  for (const same of runs.values()) same.reverse();
  return (from, length) => {
    const same = runs.get(length) ?? [];
    while (same.length > 0 && (same.at(-1) ?? 0) < from) same.pop();
    return same.at(-1);
  };
}

/** Finds the next place of a text; what is not found once is not looked for again. */
function seeker(raw: string, wanted: string): (from: number) => number {
  let none = false;
  return (from) => {
    const found = none ? -1 : raw.indexOf(wanted, from);
    none = found === -1;
    return found;
  };
}

/** Where a comment that begins here ends; one that begins its line and is never closed goes on to the end of the body. */
type CommentFinder = (begin: number, beginsLine: boolean) => number | undefined;

function createCommentFinder(body: string): CommentFinder {
  const find = seeker(body, '-->');
  return (begin, beginsLine) => {
    const close = find(begin + 4);
    if (close !== -1) return close + 3;
    return beginsLine ? body.length : undefined;
  };
}
