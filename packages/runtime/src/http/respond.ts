import type { ServerResponse } from 'node:http';
import { errorBody } from '@arleo/core/error-body';
import type { Hop } from '@arleo/core/errors';
import { REASONS, type Reason } from '@arleo/core/reasons';
import { serverTiming } from './server-timing.ts';

/** What {@link sendError} may be given beside the reason. */
export interface ErrorDetails {
  requestId: string;
  /** When the request arrived: its caller is authenticated, and is told how long this hop took. */
  startedAt?: number;
  /** Instead of the reason's own message. */
  message?: string;
  /** JSON-RPC id of the request, if known. */
  id?: string | number | null;
  /** JSON-RPC error code; -32000 if absent. */
  code?: number;
  headers?: Readonly<Record<string, string>>;
  /** More members for `error.data`. */
  data?: Record<string, unknown>;
}

/** Answers with the error body that names the hop, and the status of the reason. Does nothing when an answer has begun. */
export function sendError(response: ServerResponse, hop: Hop, reason: Reason, details: ErrorDetails): void {
  if (response.headersSent || response.destroyed) return;
  const { status, message, hint } = REASONS[reason];
  const body = JSON.stringify(
    errorBody({
      hop,
      reason,
      message: details.message ?? message,
      requestId: details.requestId,
      ...(details.id === undefined ? {} : { id: details.id }),
      ...(details.code === undefined ? {} : { code: details.code }),
      ...(hint === undefined ? {} : { hint }),
      ...(details.data === undefined ? {} : { data: details.data }),
    }),
  );
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': details.requestId,
    ...(details.startedAt === undefined ? {} : { 'Server-Timing': serverTiming(undefined, hop, details.startedAt) }),
    ...details.headers,
  });
  response.end(body);
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, requestId: string, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': requestId,
  });
  response.end(body);
}
