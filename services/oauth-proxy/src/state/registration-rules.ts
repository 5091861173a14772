import { errors } from 'oidc-provider';

/** A registered client that was never used is forgotten after this many seconds. */
export const UNUSED_CLIENT_SECONDS = 24 * 60 * 60;

/** At most this many registered clients that were never used; one more makes the oldest be forgotten. */
export const MAX_UNUSED_CLIENTS = 500;

/** For this many seconds after it registered, and after a page of an authorization was opened, no client is forgotten. */
export const CONNECTING_SECONDS = 15 * 60;

/** But for no longer than this many seconds after it registered: whoever keeps pages open would keep all places. */
export const MAX_CONNECTING_SECONDS = 60 * 60;

/** So many clients are just connecting that there is no place for one more. Answered with 429. */
export class RegistrationsFull extends errors.OIDCProviderError {
  /** When the next place may be free. */
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super(429, 'temporarily_unavailable');
    this.error_description = 'too many clients are registering at the moment, try again later';
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
