/** The hops of a request, in the order in which it passes them; an error body and an audit event name one. */
export const HOPS = ['oauth-proxy', 'hugo-mcp-proxy', 'hugo-mcp-server'] as const;

/** The service that made an error body or an audit event. */
export type Hop = (typeof HOPS)[number];

/** What an {@link ArleoError} may carry beside code and message. */
export interface ArleoErrorOptions {
  /** The error underneath. */
  cause?: unknown;
  /** One sentence that says how to mend it. */
  hint?: string;
}

/**
 * The base of every error that this project throws on purpose. `code` is stable (tests and callers branch on it),
 * `message` is for people and may change.
 */
export class ArleoError extends Error {
  readonly code: string;
  readonly hint?: string;

  constructor(code: string, message: string, options: ArleoErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
  }
}

/** True if `error` is an {@link ArleoError}, with that code if one is given. */
export function isArleoError(error: unknown, code?: string): error is ArleoError {
  return error instanceof ArleoError && (code === undefined || error.code === code);
}
