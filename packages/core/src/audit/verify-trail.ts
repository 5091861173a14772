import { CHAIN_START, lineHash, readEvent } from './chain.ts';
import { type AuditEvent, REMOVED_EVENT } from './event.ts';
import type { Trail, TrailFile } from './open-trail.ts';
import { type TrailLine, trailLines } from './trail-lines.ts';

/** Where something is wrong. */
export interface TrailFault {
  /** Path of the file. */
  file: string;
  /** Counts from 1. */
  line: number;
  problem: string;
}

/** What {@link verifyTrail} found. */
export interface TrailVerdict {
  /** True if no line was changed, removed, added or moved. A line that a crash tore counts only where the log does not say so. */
  ok: boolean;
  files: number;
  lines: number;
  /** Times of the first and the last event. */
  from: string | null;
  to: string | null;
  /** Hash of the last line. Kept elsewhere it shows later whether lines were cut off at the end. */
  last: string;
  faultCount: number;
  /** The first of the faults. */
  faults: TrailFault[];
  /** True if the line feed of the last line is missing: it is being written at this moment, or was cut off. */
  lastLineOpen: boolean;
  /** Lines that a crash tore, as the service itself found at its next start. */
  torn: TrailFault[];
  /** The number of the last file that rotation removed, if the log begins after it. */
  removedThrough: number | null;
  /** Whether a line has the expected hash; null if none was expected. */
  expectedFound: boolean | null;
}

/** As many faults as are told one by one. */
const maxFaults = 100;

/** With the hash of the line that should stand before. */
type Found = TrailFault & { wanted?: string };

/**
 * Checks an audit log across its rotated files: that no line was changed, removed, added or moved.
 *
 * What no look at the log alone can see: lines cut off at its end while the service was stopped, and a log written anew as a
 * whole. For that, keep `last` somewhere else and give it as `expected` the next time.
 *
 * @param expected the hash that one of the lines must have
 */
export async function verifyTrail(trail: Trail, expected?: string): Promise<TrailVerdict> {
  const faults: Found[] = [];
  const torn: TrailFault[] = [];
  const removed = new Map<string, number>();
  const times: string[] = [];
  let [lines, faultCount, prev, expectedFound, lastLineOpen] = [0, 0, CHAIN_START, false, false];
  let first: { at: TrailLine; prev: string } | undefined;
  /** A line that is no event, until the next one says whether a crash tore it. */
  let unread: (TrailFault & { bytes: number }) | undefined;

  const fault = ({ file, line }: { file: TrailFile; line: number }, problem: string, wanted?: string): void => {
    faultCount += 1;
    const found = { file: file.path, line, problem, ...(wanted === undefined ? {} : { wanted }) };
    if (faults.length < maxFaults) faults.push(found);
  };
  const settleUnread = (next?: AuditEvent): void => {
    if (unread === undefined) return;
    const { bytes, ...what } = unread;
    unread = undefined;
    if (next?.event_type === 'audit.torn_line' && next.details?.bytes === bytes) torn.push(what);
    else {
      faultCount += 1;
      if (faults.length < maxFaults) faults.push(what);
    }
  };

  for (const [index, file] of trail.files.entries()) {
    const before = trail.files[index - 1]?.number;
    if (before === undefined || file.number === undefined || file.number === before + 1) continue;
    fault({ file, line: 1 }, `the files between number ${before} and this one are missing`);
  }
  for await (const at of trailLines(trail)) {
    if (at.unreadable !== undefined) {
      fault(at, `the file cannot be read from here on (${at.unreadable})`);
      continue;
    }
    lines += 1;
    const read = readEvent(at.text);
    if (typeof read === 'string') {
      settleUnread();
      unread = { file: at.file.path, line: at.line, problem: read, bytes: at.bytes };
    } else {
      const { event } = read;
      if (first === undefined) first = { at, prev: lines === 1 ? event.prev : CHAIN_START };
      else if (event.prev !== prev && unread === undefined) fault(at, discontinued(at.line), event.prev);
      settleUnread(event.prev === prev ? event : undefined);
      if (!at.ended) fault(at, 'its line feed is missing: the file was cut off here');
      if (times.push(event.timestamp) > 2) times.splice(1, 1);
      const { through, prev: next } = event.details ?? {};
      if (event.event_type === REMOVED_EVENT) removed.set(String(next), Number(through));
    }
    lastLineOpen = !at.ended;
    prev = lineHash(at.text);
    if (prev === expected) expectedFound = true;
  }
  settleUnread();
  const newest = trail.files.at(-1);
  if (newest?.number !== undefined) fault({ file: newest, line: 1 }, 'no file follows this one');
  const removedThrough = (first && removed.get(first.prev)) ?? null;
  if (first !== undefined && first.prev !== CHAIN_START && removedThrough === null) {
    fault(first.at, 'lines before this one are missing, or it was changed', first.prev);
  }
  await nameMoved(trail, faults);
  return {
    ok: faultCount === 0 && (expected === undefined || expectedFound),
    files: trail.files.length,
    lines,
    from: times[0] ?? null,
    to: times.at(-1) ?? null,
    last: prev,
    faultCount,
    faults: faults.map(({ file, line, problem }) => ({ file, line, problem })),
    lastLineOpen,
    torn,
    removedThrough,
    expectedFound: expected === undefined ? null : expectedFound,
  };
}

function discontinued(line: number): string {
  return line === 1
    ? 'it does not continue the file before: the last line there was changed, or lines between them were removed or added'
    : 'it does not continue the line before: that one was changed, or lines between them were removed or added';
}

/** Says of faults whose line before stands somewhere else that it was moved. */
async function nameMoved(trail: Trail, faults: Found[]): Promise<void> {
  const wanted = new Map(faults.flatMap((found) => (found.wanted === undefined ? [] : [[found.wanted, found]])));
  if (wanted.size === 0) return;
  for await (const { file, line, text } of trailLines(trail)) {
    const found = wanted.get(lineHash(text));
    if (found === undefined) continue;
    found.problem = `it continues line ${line} of ${file.path}: lines were moved, added or written twice`;
  }
}
