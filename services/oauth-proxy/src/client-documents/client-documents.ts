import { ArleoError } from '@arleo/core/errors';
import type { Log } from '@arleo/runtime/logging/log';
import type { Adapter } from 'oidc-provider';
import { documentUrl } from './document-url.ts';
import type { FetchAdmission } from './fetch-admission.ts';
import type { FetchedDocument } from './fetch-document.ts';
import { PINNED_DOCUMENTS } from './pinned-documents.ts';
import { type ClientDocument, readDocument } from './read-document.ts';

/** After a failure nothing is fetched for this long: what there was before is used, or the failure is told again. */
export const RETRY_SECONDS = 60;

/** A document that cannot be had any more is used for this long, as long as a connection lasts that nobody uses. */
export const MAX_STALE_SECONDS = 60 * 24 * 60 * 60;

/** As many documents as are remembered in memory; those of connected clients are in the state. */
const maxRemembered = 500;

/** The documents of clients whose id is an address. */
export interface ClientDocuments {
  /**
   * The document of a client, fetched if that is due.
   *
   * @param address who asks
   * @throws {@link ArleoError} `client_document_url`, `client_document_limit`, and what `fetchDocument` and `readDocument` throw
   */
  find(id: string, address: string | undefined): Promise<ClientDocument>;
  /** Keeps the document of a client that the owner approved, so that its connection outlives its server and our restart. */
  keep(id: string): Promise<void>;
}

/** What {@link createClientDocuments} needs. */
export interface ClientDocumentsOptions {
  fetch(url: URL): Promise<FetchedDocument>;
  admission: FetchAdmission;
  /** Where kept documents are. */
  store: Adapter;
  log: Log;
  now?: () => number;
}

/** A document that was fetched, and when. Milliseconds since 1970. */
interface Fetched {
  document: ClientDocument;
  fetchedAt: number;
  freshUntil: number;
}

/** What is known of an id until `until`. */
interface Known {
  until: number;
  fetched?: Fetched | undefined;
  failure?: ArleoError;
}

/** The documents of clients, cached, and the last good one of each when there is no better. */
export function createClientDocuments(options: ClientDocumentsOptions): ClientDocuments {
  const { fetch, admission, store, log, now = Date.now } = options;
  const known = new Map<string, Known>();
  const underWay = new Map<string, Promise<Known>>();

  const remember = (id: string, what: Known): Known => {
    known.delete(id);
    if (known.size >= maxRemembered) known.delete(known.keys().next().value ?? '');
    known.set(id, what);
    return what;
  };

  const usable = (fetched: Fetched | undefined): Fetched | undefined =>
    fetched && now() - fetched.fetchedAt < MAX_STALE_SECONDS * 1000 ? fetched : undefined;

  const renew = async (id: string, address: string | undefined): Promise<Known> => {
    const url = documentUrl(id);
    const stored = await readKept(store, id);
    const kept = usable(stored);
    if (kept && kept.freshUntil > now()) return remember(id, { until: kept.freshUntil, fetched: kept });
    const last = kept ?? usable(known.get(id)?.fetched);
    const done = admission.admit(address);
    if (!done) {
      const failure = new ArleoError(
        'client_document_limit',
        'Too many documents are being fetched. Try again in a minute.',
      );
      return { until: 0, fetched: last, failure };
    }
    try {
      const { text, cacheSeconds } = await fetch(url);
      const freshUntil = now() + cacheSeconds * 1000;
      const fetched = { document: readDocument(id, text), fetchedAt: now(), freshUntil };
      if (stored) await writeKept(store, id, fetched);
      return remember(id, { until: freshUntil, fetched });
    } catch (error) {
      if (!(error instanceof ArleoError)) throw error;
      log.warn('the document of a client could not be used', { client_id: id, error });
      return remember(id, { until: now() + RETRY_SECONDS * 1000, fetched: last, failure: error });
    } finally {
      done();
    }
  };

  const look = async (id: string, address: string | undefined): Promise<Known> => {
    const remembered = known.get(id);
    if (remembered && remembered.until > now()) return remember(id, remembered);
    let renewal = underWay.get(id);
    if (!renewal) {
      renewal = renew(id, address).finally(() => underWay.delete(id));
      underWay.set(id, renewal);
    }
    return renewal;
  };

  return {
    async find(id, address) {
      const { fetched, failure } = await look(id, address);
      const document = fetched?.document ?? PINNED_DOCUMENTS[id];
      if (document) return document;
      throw failure ?? new Error('nothing is known of a document');
    },
    async keep(id) {
      const { fetched } = await look(id, undefined);
      const document = PINNED_DOCUMENTS[id];
      if (fetched) await writeKept(store, id, fetched);
      else if (document) await writeKept(store, id, { document, fetchedAt: 0, freshUntil: 0 });
    },
  };
}

async function readKept(store: Adapter, id: string): Promise<Fetched | undefined> {
  const stored = await store.find(id);
  if (!stored) return undefined;
  const { client_name: name, redirect_uris: redirectUris = [], fetchedAt, freshUntil } = stored;
  const document = { ...(name !== undefined && { name }), redirectUris };
  return { document, fetchedAt: Number(fetchedAt), freshUntil: Number(freshUntil) };
}

async function writeKept(store: Adapter, id: string, { document, fetchedAt, freshUntil }: Fetched): Promise<void> {
  const { name, redirectUris } = document;
  const payload = { ...(name !== undefined && { client_name: name }), redirect_uris: [...redirectUris] };
  await store.upsert(id, { ...payload, fetchedAt, freshUntil }, MAX_STALE_SECONDS);
}
