import { errors } from 'oidc-provider';

/** A code or refresh token was used when it no longer may be: `invalid_grant`, and the grant is gone when this is thrown. */
export class Reused extends errors.InvalidGrant {
  readonly grantId: string | undefined;

  constructor(what: 'authorization code' | 'refresh token', grantId: string | undefined) {
    super(`${what} already used`);
    this.grantId = grantId;
  }
}
