import { createHash } from 'node:crypto';
import type { Provider } from 'oidc-provider';
import { OWNER } from './create-provider.ts';
import { DEFAULT_SCOPE, OFFERED_SCOPES } from './resource.ts';

/** The scopes of a request that this server knows, each once; {@link DEFAULT_SCOPE} when there are none. */
export function requestedScopes(scope: unknown): string[] {
  const known = [...OFFERED_SCOPES, 'offline_access'];
  const asked = typeof scope === 'string' ? [...new Set(scope.split(' '))].filter((one) => known.includes(one)) : [];
  return asked.some((one) => OFFERED_SCOPES.includes(one)) ? asked : DEFAULT_SCOPE.split(' ');
}

/**
 * Stores a grant of exactly the approved scopes. The others are marked as refused, since a scope that was neither
 * granted nor refused would be asked for again. One authorization has one grant, however often the approval is sent: its id comes
 * from that of the interaction, which it does not tell.
 *
 * @returns the grant's id
 */
export async function grantFor(
  provider: Provider,
  mcpUrl: string,
  { uid, params }: { uid: string; params: Record<string, unknown> },
  approved: readonly string[],
): Promise<string> {
  const jti = createHash('sha256').update(`grant of ${uid}`).digest('base64url');
  const grant = new provider.Grant({ accountId: OWNER, clientId: String(params.client_id) });
  grant.jti = jti;
  const refused = requestedScopes(params.scope).filter((scope) => !approved.includes(scope));
  grant.addOIDCScope(approved.join(' '));
  if (refused.length > 0) grant.rejectOIDCScope(refused.join(' '));
  grant.addResourceScope(mcpUrl, approved.join(' '));
  if (refused.length > 0) grant.rejectResourceScope(mcpUrl, refused.join(' '));
  return grant.save();
}
