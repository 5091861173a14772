/**
 * Text of a stranger for a person's terminal: one line, nothing that a terminal would obey or that reads in another order
 * than it is stored, and no longer than `limit` characters.
 */
export function printable(text: string, limit = 200): string {
  // Cut before it is cleaned, too: a body of megabytes costs nothing.
  const line = text
    .slice(0, limit * 4)
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
}
