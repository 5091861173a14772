import { readEvent } from '@arleo/core/audit/chain';
import { AUDITED, type AuditEvent } from '@arleo/core/audit/event';
import { openTrail } from '@arleo/core/audit/open-trail';
import { trailLines } from '@arleo/core/audit/trail-lines';
import type { Filter } from './filters.ts';

/** What {@link searchLogs} found. */
export interface FoundEvents {
  /** The last ones, in their order. */
  events: AuditEvent[];
  /** How many there are in all. */
  matched: number;
  /** Lines that are no events, and so were not looked at. */
  unreadable: number;
}

/**
 * Looks through audit logs.
 *
 * @param limit as many events as are kept, the last ones
 * @param order `hop`: as a request passes the hops, whatever their clocks say
 */
export async function searchLogs(
  files: readonly string[],
  filter: Filter,
  limit: number,
  order: 'time' | 'hop',
): Promise<FoundEvents> {
  let matched = 0;
  let unreadable = 0;
  const events: AuditEvent[] = [];
  const compare = order === 'time' ? byTime : byHop;
  for (const file of files) {
    const trail = await openTrail(file);
    const found: AuditEvent[] = [];
    try {
      for await (const { text } of trailLines(trail)) {
        const read = readEvent(text);
        if (typeof read === 'string') unreadable += 1;
        else if (filter(read.event)) {
          matched += 1;
          // Cut now and then instead of each time.
          if (found.push(read.event) >= limit * 2) found.splice(0, found.length - limit);
        }
      }
    } finally {
      await trail.close();
    }
    events.push(...found.slice(-limit));
  }
  // Stable: what is equal stays as it was written.
  return { events: events.sort(compare).slice(-limit), matched, unreadable };
}

function byTime(a: AuditEvent, b: AuditEvent): number {
  return a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0;
}

function byHop(a: AuditEvent, b: AuditEvent): number {
  return AUDITED.indexOf(a.hop) - AUDITED.indexOf(b.hop);
}
