import type { Log } from '@arleo/runtime/logging/log';
import type { AdapterFactory } from '../state/state.ts';
import { type ClientDocuments, createClientDocuments } from './client-documents.ts';
import { createFetchAdmission } from './fetch-admission.ts';
import { type DocumentNetwork, fetchDocument } from './fetch-document.ts';

/** The documents of clients, from `network`, with those of connected clients kept in the state. */
export function openClientDocuments(adapter: AdapterFactory, network: DocumentNetwork, log: Log): ClientDocuments {
  return createClientDocuments({
    fetch: (url) => fetchDocument(url, network),
    admission: createFetchAdmission(),
    store: adapter('ClientDocument'),
    log,
  });
}
