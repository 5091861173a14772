import { createHash } from 'node:crypto';
import type { AdapterPayload } from 'oidc-provider';

/** Things whose ids are no secrets: they stand in access tokens, in addresses and in lists for the owner. */
const publicIds: ReadonlySet<string> = new Set(['Client', 'ClientDocument', 'Grant']);

/** Begins the last part of the key of everything else. */
const hashed = 'sha256:';

/** Stands for the thing's own id inside of its payload. */
const placeholder = '{id}';

/**
 * The key that a thing is stored under: its id, or the id's SHA-256 where knowing the id is all that it takes (refresh
 * tokens, codes, sessions, open pages). The ids have 126 bits of chance at least, so that no hash can be turned back.
 */
export function storageKey(model: string, id: string): string {
  if (publicIds.has(model)) return `${model}:${id}`;
  return `${model}:${hashed}${createHash('sha256').update(id).digest('base64url')}`;
}

/** What is stored of a payload: nothing that tells a secret id. */
export function withoutId(model: string, id: string, payload: AdapterPayload): AdapterPayload {
  if (publicIds.has(model)) return payload;
  const { jti: _id, ...stored } = payload;
  if (model !== 'Interaction') return stored;
  // It also names its own address, and the session that it was opened in by that one's id, which nobody reads.
  const session = payload.session as (Record<string, unknown> & { cookie?: unknown }) | undefined;
  const { cookie: _session, ...rest } = session ?? {};
  const returnTo = payload.returnTo?.replaceAll(id, placeholder);
  return {
    ...stored,
    ...(returnTo !== undefined && { returnTo }),
    ...(session && { session: rest }),
  } as AdapterPayload;
}

/** The payload as it was, for whoever knows the id. */
export function withId(model: string, id: string, stored: AdapterPayload): AdapterPayload {
  if (publicIds.has(model)) return stored;
  const returnTo = model === 'Interaction' ? stored.returnTo?.replaceAll(placeholder, id) : undefined;
  return { ...stored, jti: id, ...(returnTo !== undefined && { returnTo }) };
}

const models = 'Session|Interaction|AuthorizationCode|RefreshToken';
const clear = new RegExp(`^(${models}):(?!${hashed})(.+)$`, 's');

/** Model and id, if a key has a secret id in clear, as they were stored before. */
export function clearKey(key: string): { model: string; id: string } | undefined {
  const [, model, id] = clear.exec(key) ?? [];
  return model === undefined || id === undefined ? undefined : { model, id };
}
