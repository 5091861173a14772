import { randomUUID } from 'node:crypto';

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A new request id: a random UUID (RFC 9562, version 4). */
export function newRequestId(): string {
  return randomUUID();
}

/** The request id that the hop before made, or a new one when there is none of exactly our form. */
export function acceptRequestId(header: string | string[] | undefined): string {
  return typeof header === 'string' && form.test(header) ? header : newRequestId();
}
