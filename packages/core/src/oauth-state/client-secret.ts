import { isSealed, seal, unseal } from '../seal.ts';

/** What is stored of a client, as far as its secret goes. */
interface StoredClient {
  client_secret?: unknown;
}

const place = (id: string): string => `client_secret of ${id}`;

/** True for a client whose secret stands in clear, as versions before stored it. */
export function hasClearSecret({ client_secret: secret }: StoredClient): boolean {
  return typeof secret === 'string' && !isSealed(secret);
}

/**
 * A client as it is stored: with its secret encrypted. A hash would not do, since it is compared as a whole by the
 * authorization server.
 *
 * @param key 32 bytes, from `TOKEN_SECRET`
 */
export function sealClient<Client extends StoredClient>(key: Buffer, id: string, client: Client): Client {
  if (!hasClearSecret(client)) return client;
  return { ...client, client_secret: seal(key, place(id), String(client.client_secret)) };
}

/** The client with its secret. @throws {@link ArleoError} `seal_broken` */
export function openClient<Client extends StoredClient>(key: Buffer, id: string, client: Client): Client {
  const { client_secret: secret } = client;
  if (typeof secret !== 'string' || !isSealed(secret)) return client;
  return { ...client, client_secret: unseal(key, place(id), secret) };
}
