import type { KoaContextWithOIDC } from 'oidc-provider';

/**
 * How an authorization response may come back. Not by `form_post`, which oidc-provider would offer: its page has the code in
 * its text and a script that runs, on the very origin of the owner's login and consent.
 */
const RESPONSE_MODES: readonly string[] = ['query', 'fragment'];

/** A mode that does not exist: oidc-provider refuses it, once it has checked where the error may be sent. */
const UNKNOWN = 'not_offered';

/** Replaces every mode that is not offered, in an authorization request, by one that is refused. */
export function onlyOfferedResponseModes(parameters: URLSearchParams): void {
  // A parameter without a value is as good as none (RFC 6749 section 3.1).
  const asked = parameters.getAll('response_mode').filter((mode) => mode !== '');
  if (asked.some((mode) => !RESPONSE_MODES.includes(mode))) parameters.set('response_mode', UNKNOWN);
}

/** Koa middleware around oidc-provider's metadata: names the modes that are offered. */
export async function nameResponseModes(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  await next();
  const body = ctx.body as { response_modes_supported?: unknown } | undefined;
  if (body?.response_modes_supported !== undefined) body.response_modes_supported = RESPONSE_MODES;
}
