import { errors } from 'oidc-provider';

/** Seconds after which somebody may try again who was told that the state cannot be reached. */
export const UNAVAILABLE_SECONDS = 5;

/** The state cannot be reached, so that nothing that needs it can be done now. Answered with 503 and `Retry-After`. */
export class StateUnavailable extends errors.OIDCProviderError {
  readonly code = 'state_unavailable';

  /** @param cause an error without anything of what was asked for, since it is logged */
  constructor(cause: Error) {
    super(503, 'temporarily_unavailable', { cause });
    this.error_description = 'oauth-proxy cannot reach its state (state_unavailable), try again in a moment';
    // Else the caller would be told of a server_error, with status 500 and nothing to go by.
    this.expose = true;
  }
}
