import type { Hop } from './errors.ts';

/** What {@link errorBody} needs. */
export interface ErrorBodyInput {
  /** The hop that makes the error. */
  hop: Hop;
  /** A stable name of what went wrong; a key of `REASONS` for transport-level errors. */
  reason: string;
  /** For people. */
  message: string;
  /** The value of `X-Request-Id`. */
  requestId: string;
  /** The id of the JSON-RPC request if it is known, else null. */
  id?: string | number | null;
  /** The JSON-RPC error code; -32000 (server error) if absent. */
  code?: number;
  /** How to mend it. */
  hint?: string;
  /** More members for `error.data`. They cannot replace `hop`, `reason`, `request_id` or `hint`. */
  data?: Record<string, unknown>;
}

/** The JSON-RPC 2.0 error response that every hop sends for every error. */
export interface JsonRpcErrorBody {
  jsonrpc: '2.0';
  id: string | number | null;
  error: {
    code: number;
    message: string;
    data: { hop: Hop; reason: string; request_id: string; hint?: string; [member: string]: unknown };
  };
}

/**
 * The body of an error response. It names the hop that made it, so that nobody has to guess which layer said no.
 *
 * @see [JSON-RPC 2.0, 5.1](https://www.jsonrpc.org/specification#error_object)
 */
export function errorBody(input: ErrorBodyInput): JsonRpcErrorBody {
  return {
    jsonrpc: '2.0',
    id: input.id ?? null,
    error: {
      code: input.code ?? -32000,
      message: input.message,
      data: {
        ...input.data,
        hop: input.hop,
        reason: input.reason,
        request_id: input.requestId,
        ...(input.hint === undefined ? {} : { hint: input.hint }),
      },
    },
  };
}
