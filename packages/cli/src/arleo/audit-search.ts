import { parseCount } from '../audit/count.ts';
import { eventFilter, filterOptions, filterOptionsHelp } from '../audit/filters.ts';
import { auditLogs, logOptions, logOptionsHelp } from '../audit/logs.ts';
import { escapeControls, printEvent } from '../audit/print-event.ts';
import { searchLogs } from '../audit/search-logs.ts';
import type { Command } from './command.ts';

/** `arleo audit search` */
export const auditSearch: Command = {
  name: 'audit search',
  summary: 'find events in the audit logs: by time, page, client, result, or one request through all hops',
  help: `arleo audit search: find events in the audit logs

Usage: arleo audit search [--since TIME] [--event NAME] … [--limit N] [--file PATH]

${filterOptionsHelp}
  --limit N     as many as are shown, the last ones; default 200, at most 100000
${logOptionsHelp}
  --json        one line of JSON: events, matched (how many there are), unreadable (lines that are no events)

An event has to be all that is given. Times are UTC. Each host has its own logs: for one request through all hops, give a copy
of the other host's with --file. Run it with sudo.
`,
  options: { ...logOptions, ...filterOptions, limit: { type: 'string' } },
  async run(values) {
    const filter = eventFilter(values, Date.now());
    const limit = parseCount(values.limit, '--limit', 200, [1, 100_000]);
    const order = values.request === undefined ? 'time' : 'hop';
    const found = await searchLogs(await auditLogs(values), filter, limit, order);
    const { events, matched, unreadable } = found;
    const notes = [
      ...(events.length < matched ? [`The last ${events.length} of ${matched} events; more with --limit.\n`] : []),
      ...(unreadable > 0 ? [`Lines that are no audit events: ${unreadable}. See: arleo audit verify\n`] : []),
    ];
    const text = values.json === true ? `${escapeControls(JSON.stringify(found))}\n` : events.map(printEvent).join('');
    return { text: matched === 0 && values.json !== true ? 'No such event.\n' : text, note: notes.join('') };
  },
};
