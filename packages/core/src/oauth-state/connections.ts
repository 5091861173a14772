import { ArleoError } from '../errors.ts';

/** A client to which the owner gave access. */
export interface Connection {
  /** The client's id. */
  id: string;
  /** The name that the client gave itself; nobody has checked it. */
  name: string | null;
  /** Where the client is answered: hosts, or the schemes of apps. */
  hosts: string[];
  /** What the owner granted, in all of its grants together. */
  scopes: string[];
  /** When the owner approved it first and last. */
  first_approved: Date;
  last_approved: Date;
  /** When its access was last used, to the minute; null if never. */
  last_used: Date | null;
  /** When its access ends if it is not used again. */
  expires: Date | null;
}

/** The connections of a site, in the state of oauth-proxy, whether that runs or not. */
export interface Connections {
  /** All of them, the last used first. */
  list(): Promise<Connection[]>;
  /**
   * Ends all access of a client at once: a running oauth-proxy refuses its next call.
   *
   * @returns how many grants there were
   * @throws {@link ArleoError} `connection_unknown`
   */
  revoke(id: string): Promise<number>;
  close(): Promise<void>;
}

/** That the owner revoked a grant; it is kept until oauth-proxy has put it into its audit log. */
export interface RevocationNotice {
  grantId: string;
  clientId: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** A grant as it is stored, as far as a {@link Connection} tells of it. */
export interface StoredGrant {
  clientId: string;
  /** Seconds since 1970. */
  iat?: number | undefined;
  /** What was granted, by resource: scopes, separated by spaces. */
  resources?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds since 1970. */
  expires?: number | undefined;
  /** When it was last used, in milliseconds since 1970. */
  lastUsed?: number | undefined;
}

/** What the ids begin with that oauth-proxy gives to clients that register themselves. */
export const REGISTERED_PREFIX = 'client_';

/** True for the id of a client that the owner set up (`CLIENT_ID`), of which nothing is stored but what it was granted. */
export function isSetUpByOwner({ id, hosts }: Pick<Connection, 'id' | 'hosts'>): boolean {
  return hosts.length === 0 && !id.startsWith('https://') && !id.startsWith(REGISTERED_PREFIX);
}

/** Where it is stored what is known of a client: that it registered, or the document at the address that is its id. */
export function clientKey(id: string): string {
  return id.startsWith('https://') ? `ClientDocument:${id}` : `Client:${id}`;
}

/** A client as it is stored, as far as a {@link Connection} tells of it. */
export interface StoredClient {
  client_name?: string;
  redirect_uris?: string[];
}

/** The connections that grants make, the last used first. */
export function connectionsOf(
  grants: readonly StoredGrant[],
  client: (id: string) => StoredClient | undefined,
): Connection[] {
  const byClient = new Map<string, StoredGrant[]>();
  for (const grant of grants) byClient.set(grant.clientId, [...(byClient.get(grant.clientId) ?? []), grant]);
  const latest = ({ last_used, last_approved }: Connection): number => Number(last_used ?? last_approved);
  return [...byClient].map(([id, own]) => describe(id, own, client(id))).sort((a, b) => latest(b) - latest(a));
}

function describe(id: string, own: readonly StoredGrant[], client: StoredClient | undefined): Connection {
  const approved = own.map(({ iat }) => (iat ?? 0) * 1000);
  const used = Math.max(...own.map(({ lastUsed }) => lastUsed ?? 0));
  const ends = Math.max(...own.map(({ expires }) => expires ?? Number.POSITIVE_INFINITY));
  const scopes = own.flatMap(({ resources }) =>
    Object.values(resources ?? {})
      .join(' ')
      .split(' '),
  );
  return {
    id,
    name: client?.client_name ?? null,
    hosts: [...new Set((client?.redirect_uris ?? []).map(hostOf))],
    scopes: [...new Set(scopes)].filter((scope) => scope !== '').sort(),
    first_approved: new Date(Math.min(...approved)),
    last_approved: new Date(Math.max(...approved)),
    last_used: used === 0 ? null : new Date(used),
    expires: Number.isFinite(ends) ? new Date(ends) : null,
  };
}

/** That there is no connection to revoke: `connection_unknown`. */
export function connectionUnknown(id: string): ArleoError {
  return new ArleoError('connection_unknown', `No connection has the id ${JSON.stringify(id.slice(0, 100))}.`, {
    hint: 'arleo connections list shows the ids.',
  });
}

/** The host of an address, or its scheme where a host means nothing. */
function hostOf(uri: string): string {
  const { protocol, host } = new URL(uri);
  return protocol === 'https:' || protocol === 'http:' ? host : protocol;
}
