import type { AuditEvent } from '@arleo/core/audit/event';
import type { CommandValues } from '../arleo/command.ts';
import { parseDuration } from '../parse-duration.ts';
import { UsageError } from '../usage-error.ts';

/** The options that choose events. */
export const filterOptions = {
  since: { type: 'string' },
  until: { type: 'string' },
  event: { type: 'string' },
  result: { type: 'string' },
  actor: { type: 'string' },
  client: { type: 'string' },
  from: { type: 'string' },
  page: { type: 'string' },
  request: { type: 'string' },
} as const;

/** Their lines of help. */
export const filterOptionsHelp = `  --since TIME  2026-11-21, 2026-11-21T14:00 (UTC, or with an offset), or how long ago: 30m, 2h, 7d
  --until TIME  the same
  --event NAME  login.failed; login. for all of an area
  --result R    success, denied or failure
  --actor SUB   who it was
  --client ID   the client's id
  --from ADDR   the caller's address
  --page ROUTE  a page's route or a file's path
  --request ID  the X-Request-Id of an answer: all that happened to this request, hop by hop`;

/** What an event has to be. */
export type Filter = (event: AuditEvent) => boolean;

/** The filter that was asked for. @throws {@link UsageError} */
export function eventFilter(values: CommandValues, now: number): Filter {
  const given = (name: keyof typeof filterOptions): string | undefined => {
    const value = values[name];
    if (value === '') throw new UsageError(`--${name} is empty.`, 'Leave it out, or say what you look for.');
    return typeof value === 'string' ? value : undefined;
  };
  const time = (name: 'since' | 'until'): string | undefined => {
    const text = given(name);
    return text === undefined ? undefined : parseTime(text, `--${name}`, now);
  };
  const since = time('since');
  const until = time('until');
  const event = given('event');
  const result = given('result');
  const page = given('page')?.replace(/^\/+|\/+$/g, '');
  if (result !== undefined && !['success', 'denied', 'failure'].includes(result)) {
    throw new UsageError(
      `--result ${JSON.stringify(result.slice(0, 40))} is none.`,
      'Give success, denied or failure.',
    );
  }
  const same: [wanted: string | undefined, of: (event: AuditEvent) => string | null | undefined][] = [
    [result, (one) => one.result],
    [given('actor'), (one) => one.actor?.sub],
    [given('client'), (one) => one.actor?.client_id],
    [given('from'), (one) => one.client_ip],
    [given('request'), (one) => one.request_id],
  ];
  return (one) =>
    (since === undefined || one.timestamp >= since) &&
    (until === undefined || one.timestamp < until) &&
    (event === undefined || one.event_type === event || (event.endsWith('.') && one.event_type.startsWith(event))) &&
    (page === undefined || isAbout(one, page)) &&
    same.every(([wanted, of]) => wanted === undefined || of(one) === wanted);
}

/** True if the page is named: `posts/a (en)`, `posts/a to posts/b`, `create posts/a, delete posts/b`. */
function isAbout({ resource }: AuditEvent, page: string): boolean {
  return (resource ?? '').split(/[\s,]+/).some((word) => word.replace(/^\/+|\/+$/g, '') === page);
}

/** A moment, as it stands in an audit log. */
function parseTime(text: string, option: string, now: number): string {
  if (/^\d{1,9}[smhd]$/.test(text)) return new Date(now - parseDuration(text, option)).toISOString();
  const [, day, clock = 'T00:00', offset = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  const time = Date.parse(`${day}${clock}${offset}`);
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  throw new UsageError(
    `${option} ${JSON.stringify(text.slice(0, 40))} is no time.`,
    'Write 2026-11-21, 2026-11-21T14:00, or how long ago: 30m, 2h, 7d.',
  );
}
