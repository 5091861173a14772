import { errors } from 'oidc-provider';

/** A code was used by two requests at the same moment: `invalid_grant`, and the grant is gone when this is thrown. */
export class CodeReused extends errors.InvalidGrant {
  readonly grantId: string | undefined;

  constructor(grantId: string | undefined) {
    super('authorization code already consumed');
    this.grantId = grantId;
  }
}
