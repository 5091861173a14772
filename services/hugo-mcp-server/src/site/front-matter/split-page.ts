/** How a page's front matter is written; `none` if it has none (or one that this service does not read, as in Org). */
export type FrontMatterFormat = 'yaml' | 'toml' | 'json' | 'none';

/** Where the parts of a page file are, as offsets into its text. */
export interface PageParts {
  format: FrontMatterFormat;
  /** The text between the delimiters; for JSON with its braces. */
  innerStart: number;
  innerEnd: number;
  /** Where the body begins: after the closing delimiter and the blank lines that follow it. */
  bodyStart: number;
  /** The line end that the file uses in its front matter. */
  eol: '\n' | '\r\n';
}

/**
 * Finds front matter and body as Hugo's lexer does: white space and a byte order mark may stand before it; `---` is
 * YAML, `+++` is TOML, `{` is JSON. Front matter that is not closed is no front matter.
 */
export function splitPage(text: string): PageParts {
  const start = /^[\s\uFEFF]*/.exec(text)?.[0].length ?? 0;
  const eol = /\r?\n/.exec(text)?.[0] === '\r\n' ? '\r\n' : '\n';
  const delimiter = text.slice(start, start + 3);
  if (delimiter === '---' || delimiter === '+++') {
    const opening = /^(?:---|\+\+\+)[ \t]*\r?\n/.exec(text.slice(start, start + 256));
    if (opening !== null) {
      const innerStart = start + opening[0].length;
      const closing = delimiter === '---' ? /^---[ \t]*(?:\r?\n|$)/gm : /^\+\+\+[ \t]*(?:\r?\n|$)/gm;
      closing.lastIndex = innerStart;
      const end = closing.exec(text);
      if (end !== null) {
        const format = delimiter === '---' ? 'yaml' : 'toml';
        return { format, innerStart, innerEnd: end.index, bodyStart: skipBlank(text, end.index + end[0].length), eol };
      }
    }
  }
  if (text[start] === '{') {
    const innerEnd = jsonEnd(text, start);
    if (innerEnd !== undefined) {
      const rest = /^[ \t]*(?:\r?\n|$)/.exec(text.slice(innerEnd));
      const after = innerEnd + (rest?.[0].length ?? 0);
      return { format: 'json', innerStart: start, innerEnd, bodyStart: skipBlank(text, after), eol };
    }
  }
  const bodyStart = text.startsWith('\uFEFF') ? 1 : 0;
  return { format: 'none', innerStart: bodyStart, innerEnd: bodyStart, bodyStart, eol };
}

function skipBlank(text: string, from: number): number {
  const blank = /(?:[ \t]*\r?\n)*/y;
  blank.lastIndex = from;
  return from + (blank.exec(text)?.[0].length ?? 0);
}

/** The offset after the closing brace of the object that begins at `start`. */
function jsonEnd(text: string, start: number): number | undefined {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const c = text[i];
    if (c === '"') {
      i++;
      while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
    } else if (c === '{') depth++;
    else if (c === '}' && --depth === 0) return i + 1;
  }
  return undefined;
}
