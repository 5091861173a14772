import * as z from 'zod';
import { HOPS } from '../errors.ts';

/** How long the texts of an event may be, in characters; longer ones are cut, an event is never lost for its length. */
export const AUDIT_TEXT_MAX = { short: 128, long: 1024 } as const;

/** Who writes audit logs: the hops, and `arleo` for the programs that the owner or a timer runs on a host. */
export const AUDITED = [...HOPS, 'arleo'] as const;

const short = z.string().max(AUDIT_TEXT_MAX.short);
const long = z.string().max(AUDIT_TEXT_MAX.long);

/** Who did it: the owner's subject and client from the access token, and the id (never the secret) of the hop token. */
export const auditActorSchema = z.strictObject({
  sub: short.optional(),
  client_id: long.optional(),
  token_id: short.optional(),
});

/**
 * One audit event. Tokens, secrets, codes and page bodies never appear in one.
 * `prev` is the SHA-256 (hex) of the line before, see `audit/chain.ts`.
 */
export const auditEventSchema = z.strictObject({
  timestamp: z.iso.datetime({ precision: 3 }),
  level: z.enum(['info', 'warn', 'error']),
  /** Dotted lower-case name, area first: `token.refused`, `page.created`, `consent.approved`. */
  event_type: z
    .string()
    .regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/)
    .max(AUDIT_TEXT_MAX.short),
  actor: auditActorSchema.nullable(),
  /** What it was done to: a route with language, a client id, a token id, a path. */
  resource: long.nullable(),
  result: z.enum(['success', 'denied', 'failure']),
  /** The precise reason of a denial or failure: what the caller is not told stands here. */
  reason: short.optional(),
  client_ip: short.nullable(),
  user_agent: long.nullable(),
  request_id: short.nullable(),
  hop: z.enum(AUDITED),
  /** Milliseconds, null where nothing was measured. */
  duration_ms: z.number().nonnegative().nullable(),
  /** A few more facts, short and flat. */
  details: z.record(short, z.union([long, z.number(), z.boolean(), z.null()])).optional(),
  prev: z.string().regex(/^[0-9a-f]{64}$/),
});

/**
 * The event that goes before a removal of old files: `details.through` is the number of the last of them, `details.prev`
 * what the first line after them continues.
 */
export const REMOVED_EVENT = 'audit.files_removed';

/** One line of an audit log. */
export type AuditEvent = z.infer<typeof auditEventSchema>;

/** Who did it. */
export type AuditActor = z.infer<typeof auditActorSchema>;

/** What the code that records an event says; time, hop and chain are added by the log. `level` follows from `result`. */
export type AuditInput = Pick<AuditEvent, 'event_type' | 'result'> &
  Partial<Omit<AuditEvent, 'timestamp' | 'hop' | 'prev' | 'event_type' | 'result'>>;

const levels = { success: 'info', denied: 'warn', failure: 'error' } as const;

/** The complete event for an input, before it is chained. Texts that are too long are cut; nothing throws. */
export function auditEvent(input: AuditInput, hop: AuditEvent['hop'], timestamp: Date): Omit<AuditEvent, 'prev'> {
  const { reason, details } = input;
  return {
    timestamp: timestamp.toISOString(),
    level: input.level ?? levels[input.result],
    event_type: cut(input.event_type, 'short'),
    actor: input.actor ? cutActor(input.actor) : null,
    resource: cutOrNull(input.resource, 'long'),
    result: input.result,
    ...(reason === undefined ? {} : { reason: cut(reason, 'short') }),
    client_ip: cutOrNull(input.client_ip, 'short'),
    user_agent: cutOrNull(input.user_agent, 'long'),
    request_id: cutOrNull(input.request_id, 'short'),
    hop,
    duration_ms: duration(input.duration_ms),
    ...(details === undefined ? {} : { details: cutDetails(details) }),
  };
}

function cutActor(actor: AuditActor): AuditActor {
  const { sub, client_id, token_id } = actor;
  return {
    ...(sub === undefined ? {} : { sub: cut(sub, 'short') }),
    ...(client_id === undefined ? {} : { client_id: cut(client_id, 'long') }),
    ...(token_id === undefined ? {} : { token_id: cut(token_id, 'short') }),
  };
}

function cutDetails(details: NonNullable<AuditEvent['details']>): NonNullable<AuditEvent['details']> {
  const entries = Object.entries(details).map(([key, value]) => [
    cut(key, 'short'),
    typeof value === 'string' ? cut(value, 'long') : Number.isNaN(value) ? null : value,
  ]);
  return Object.fromEntries(entries);
}

function duration(value: number | null | undefined): number | null {
  if (value === undefined || value === null || !Number.isFinite(value) || value < 0) return null;
  return Math.round(value * 1000) / 1000;
}

function cut(text: string, kind: keyof typeof AUDIT_TEXT_MAX): string {
  return text.length <= AUDIT_TEXT_MAX[kind] ? text : text.slice(0, AUDIT_TEXT_MAX[kind]);
}

function cutOrNull(text: string | null | undefined, kind: keyof typeof AUDIT_TEXT_MAX): string | null {
  return text === undefined || text === null ? null : cut(text, kind);
}
