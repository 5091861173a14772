import { errors } from 'oidc-provider';

/** Refuses a resource that this server does not protect (RFC 8707 section 2). @throws InvalidTarget */
export function unknownTarget(mcpUrl: string): never {
  throw new errors.InvalidTarget(`the only resource here is ${mcpUrl}`);
}
