import { CONTENT_MAX_BYTES } from '@arleo/core/content/limits';
import { ArleoError } from '@arleo/core/errors';
import { marked } from './marked.ts';
import { nearestLines } from './nearest-lines.ts';

/** One replacement of text that is there exactly once. */
export interface BodyEdit {
  find: string;
  replace: string;
}

/** As many places of one text as a message names. */
const maxPlaces = 5;

/**
 * A page's body after replacements, one after the other, each in what the ones before it left. In a body whose lines
 * all end in CRLF, the line feeds of an edit stand for CRLF. In one with both line ends, text that is not there as it is
 * written is looked for with either line end, and the lines keep theirs. Nothing else is read differently than it is
 * written.
 *
 * @throws {@link ArleoError} `edit_not_found` and `edit_ambiguous`, which name the edit by its index and show lines of
 *   the body; `content_too_large` if the body would grow beyond what a page may have
 */
export function editBody(body: string, edits: readonly BodyEdit[]): string {
  const crlf = body.includes('\r\n') && !/(?<!\r)\n/.test(body);
  let text = body;
  for (const [index, edit] of edits.entries()) {
    const find = crlf ? withCrlf(edit.find) : edit.find;
    const at = text.indexOf(find);
    if (at === -1) {
      const anyEnd = crlf ? undefined : withAnyLineEnds(text, edit, index);
      if (anyEnd === undefined) throw notFound(index, find, text);
      text = anyEnd;
      continue;
    }
    const again = text.indexOf(find, at + 1);
    if (again !== -1) throw ambiguous(index, find, text);
    text = text.slice(0, at) + (crlf ? withCrlf(edit.replace) : edit.replace) + text.slice(at + find.length);
  }
  const bytes = Buffer.byteLength(text);
  // A body that somebody made longer by hand can still be mended and shortened.
  if (bytes > CONTENT_MAX_BYTES && bytes > Buffer.byteLength(body)) {
    throw new ArleoError('content_too_large', `The content would have ${bytes} bytes; at most ${CONTENT_MAX_BYTES}.`, {
      hint: 'Split it into several pages.',
    });
  }
  return text;
}

/**
 * One replacement in a body with both line ends, whatever ends the lines to find have. Who reads a page does not see
 * which ends its lines have. Undefined if the text is not there.
 */
function withAnyLineEnds(text: string, { find, replace }: BodyEdit, index: number): string | undefined {
  if (!text.includes('\r\n')) return undefined;
  const plain = text.replace(/\r\n/g, '\n');
  const wanted = find.replace(/\r\n/g, '\n');
  const at = plain.indexOf(wanted);
  if (at === -1) return undefined;
  if (plain.includes(wanted, at + 1)) throw ambiguous(index, wanted, plain);
  const start = offsetOf(text, at);
  const end = offsetOf(text, at + wanted.length);
  const ends = text.slice(start, end).match(/\r?\n/g) ?? [];
  let line = 0;
  const lines = replace.replace(/\r?\n/g, () => ends[Math.min(line++, ends.length - 1)] ?? '\n');
  return text.slice(0, start) + lines + text.slice(end);
}

/** Where a place of a text with plain line feeds is in the text with the line ends that it has. */
function offsetOf(text: string, at: number): number {
  let offset = 0;
  for (let passed = 0; passed < at; passed++) offset += text.startsWith('\r\n', offset) ? 2 : 1;
  return offset;
}

function withCrlf(text: string): string {
  return text.replace(/\r?\n/g, '\r\n');
}

function notFound(index: number, find: string, text: string): ArleoError {
  const lines = nearestLines(text, find);
  const message = [
    `edits[${index}]: the text to find is not in the page's body${index === 0 ? '' : ' as the edits before it left it'}. Nothing was changed.`,
    ...(lines.length === 0
      ? ['The body has no text.']
      : ['The nearest lines of the body:', ...marked('page content', lines.map(numbered))]),
  ];
  return new ArleoError('edit_not_found', message.join('\n'), {
    hint: 'Take the text letter for letter from get_page, or give the whole content.',
  });
}

function ambiguous(index: number, find: string, text: string): ArleoError {
  const places: number[] = [];
  for (let at = text.indexOf(find); at !== -1; at = text.indexOf(find, at + 1)) places.push(at);
  const shown = places.slice(0, maxPlaces).map((at) => numbered(lineAt(text, at)));
  const message = [
    `edits[${index}]: the text to find is ${places.length} times in the page's body. Nothing was changed.`,
    'It begins in these lines:',
    ...marked('page content', shown),
    ...(places.length > maxPlaces ? [`and ${places.length - maxPlaces} more`] : []),
  ];
  return new ArleoError('edit_ambiguous', message.join('\n'), {
    hint: 'Take in more of the text around it, so that it is there once.',
  });
}

/** As much of a line as a message shows, in characters. */
const maxShown = 200;

function numbered({ number, line }: { number: number; line: string }): string {
  const shown = line.length > maxShown ? `${line.slice(0, maxShown).replace(/[\uD800-\uDBFF]$/, '')}…` : line;
  return `${number}: ${shown}`;
}

function lineAt(text: string, at: number): { number: number; line: string } {
  const number = text.slice(0, at).split('\n').length;
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', at);
  return { number, line: text.slice(start, end === -1 ? undefined : end).replace(/\r$/, '') };
}
