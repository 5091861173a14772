/** Every scope there is: reading pages; writing pages; builds, rollbacks and settings. */
export const SCOPES = ['content:read', 'content:write', 'site:admin'] as const;

/** What a token or a client may be allowed to do. */
export type Scope = (typeof SCOPES)[number];

/** The one scope of the system before this one; it stands for read and write. */
export const LEGACY_SCOPE = 'mcp';

/**
 * Asks hugo-mcp-server to pull the site's own repository. Of hop tokens alone: no user or client is ever granted it, and
 * a token that has nothing else is worth nothing on `/mcp`.
 */
export const PULL_SCOPE = 'site:pull';

/** Every scope that a hop token can have. */
export const TOKEN_SCOPES = [...SCOPES, PULL_SCOPE] as const;

/** What a hop token may be allowed to do. */
export type TokenScope = (typeof TOKEN_SCOPES)[number];

/** True if `value` is one of {@link TOKEN_SCOPES}. */
export function isTokenScope(value: unknown): value is TokenScope {
  return (TOKEN_SCOPES as readonly unknown[]).includes(value);
}

/** True if `value` is one of {@link SCOPES}. */
export function isScope(value: unknown): value is Scope {
  return (SCOPES as readonly unknown[]).includes(value);
}

/**
 * The scopes that a granted scope string (separated by spaces, RFC 6749 section 3.3) or list means. Unknown ones are
 * dropped: a grant never becomes more by a name that this version does not know.
 */
export function expandScopes(granted: string | readonly string[]): Set<Scope> {
  const names = typeof granted === 'string' ? granted.split(' ') : granted;
  const scopes = new Set<Scope>();
  for (const name of names) {
    if (isScope(name)) scopes.add(name);
    else if (name === LEGACY_SCOPE) scopes.add('content:read').add('content:write');
  }
  return scopes;
}

/** The scopes that a hop token's entry means: {@link expandScopes}, and those that only a token can have. */
export function expandTokenScopes(granted: string | readonly string[]): Set<TokenScope> {
  const names = typeof granted === 'string' ? granted.split(' ') : granted;
  const scopes = new Set<TokenScope>(expandScopes(names));
  for (const name of names) if (isTokenScope(name)) scopes.add(name);
  return scopes;
}

/** The scopes that are in both sets: what a caller may do is what its token and its actor both allow. */
export function intersectScopes(token: ReadonlySet<TokenScope>, actor: ReadonlySet<Scope>): Set<Scope> {
  const both = new Set<Scope>();
  for (const scope of actor) if (token.has(scope)) both.add(scope);
  return both;
}
