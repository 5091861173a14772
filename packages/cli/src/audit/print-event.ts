import { readEvent } from '@arleo/core/audit/chain';
import type { AuditEvent } from '@arleo/core/audit/event';
import { printable } from '../terminal/printable.ts';

/** A line of an audit log for a person: what came from outside does nothing to a terminal. */
export function printLine(line: string): string {
  const read = readEvent(line);
  return typeof read === 'string' ? `(no audit event) ${printable(line)}\n` : printEvent(read.event);
}

/** An event for a person, in one line. Times are UTC. */
export function printEvent(event: AuditEvent): string {
  const { actor, details = {} } = event;
  const facts: [name: string, value: unknown][] = [
    ['actor', actor?.sub],
    ['client', actor?.client_id],
    ['token', actor?.token_id],
    ['from', event.client_ip],
    ['ms', event.duration_ms],
    ['request', event.request_id],
    ...Object.entries(details),
  ];
  const said = [
    event.timestamp.replace('T', ' '),
    event.hop.padEnd(15),
    event.result.padEnd(7),
    event.event_type,
    ...(event.reason === undefined ? [] : [printable(event.reason)]),
    ...(event.resource === null ? [] : [JSON.stringify(printable(event.resource))]),
    ...facts
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => `${printable(name)}=${shown(value)}`),
  ];
  return `${said.join('  ')}\n`;
}

function shown(value: unknown): string {
  const text = printable(String(value));
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

/** A line of an audit log for a program: the same JSON, with every character escaped that a terminal could obey. */
export function printJson(line: string): string {
  const json = typeof readEvent(line) === 'string' ? JSON.stringify({ unreadable: line }) : line;
  return `${escapeControls(json)}\n`;
}

/** The same JSON with every character escaped that a terminal could obey, or that reads in another order than it is stored. */
export function escapeControls(json: string): string {
  return json.replace(/[\p{C}\u2028\u2029]/gu, (character) =>
    Array.from({ length: character.length }, (_unit, index) => character.charCodeAt(index))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
