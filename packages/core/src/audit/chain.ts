import { createHash } from 'node:crypto';
import { type AuditEvent, auditEventSchema } from './event.ts';

/** `prev` of the first line of a log that continues no other. */
export const CHAIN_START = '0'.repeat(64);

/** SHA-256 of a line without its line feed, as lower-case hex: the `prev` of the next line. */
export function lineHash(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}

/** The JSON line of an event (no line feed at its end), chained to the line whose hash is `prevHash`, and its own hash. */
export function chainLine(event: Omit<AuditEvent, 'prev'>, prevHash: string): { line: string; hash: string } {
  const line = JSON.stringify({ ...event, prev: prevHash });
  return { line, hash: lineHash(line) };
}

/** What {@link verifyChain} found. `line` counts from 1; `last` is the hash that a following file must begin with. */
export type ChainVerdict = { ok: true; count: number; last: string } | { ok: false; line: number; problem: string };

/**
 * Checks that no line of an audit log was changed, removed, added or moved.
 *
 * What it cannot see: lines cut off at the end, and a log written anew as a whole; for that, keep the last hash
 * somewhere else and compare `last`.
 *
 * @param lines the lines without line feeds; an empty line is a fault
 * @param from what the first line's `prev` must be; for a rotated log the `last` of the file before
 */
export async function verifyChain(
  lines: AsyncIterable<string> | Iterable<string>,
  from: string = CHAIN_START,
): Promise<ChainVerdict> {
  let prev = from;
  let count = 0;
  for await (const line of lines) {
    count += 1;
    const problem = lineProblem(line, prev, count === 1);
    if (problem !== undefined) return { ok: false, line: count, problem };
    prev = lineHash(line);
  }
  return { ok: true, count, last: prev };
}

function lineProblem(line: string, prev: string, first: boolean): string | undefined {
  const read = readEvent(line);
  if (typeof read === 'string') return read;
  if (read.event.prev === prev) return undefined;
  return first
    ? 'the first line does not continue the log that it should continue: lines before it are missing, or it was changed'
    : 'the line does not continue the one before: that one was changed, or lines between them were removed or added';
}

/** The event of a line, or why it is none. */
export function readEvent(line: string): { event: AuditEvent } | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'the line is not JSON';
  }
  const { success, data, error } = auditEventSchema.safeParse(value);
  if (success) return { event: data };
  const [issue] = error.issues;
  return `the line is not an audit event: ${issue?.path.join('.') || 'event'}: ${issue?.message ?? 'invalid'}`;
}
