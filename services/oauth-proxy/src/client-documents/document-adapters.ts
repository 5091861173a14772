import { ArleoError } from '@arleo/core/errors';
import { type Adapter, errors, Provider } from 'oidc-provider';
import type { ClientRedirects } from '../provider/client-redirects.ts';
import { requestFacts } from '../provider/request-facts.ts';
import type { AdapterFactory } from '../state/state.ts';
import type { ClientDocuments } from './client-documents.ts';
import { documentMetadata } from './document-metadata.ts';
import { isDocumentId } from './document-url.ts';

/** A client's document cannot be used: the client is as good as unknown. `cause` says why. */
export class ClientDocumentRefused extends errors.OIDCProviderError {
  constructor(cause: ArleoError) {
    // 401 also where nothing was authenticated: a client that is told invalid_client makes itself known anew.
    super(401, 'invalid_client', { cause });
    this.error_description = cause.message;
    this.allow_redirect = false;
  }
}

/**
 * Storage in which a client whose id is an address is found by the document there, and in which that document is kept with the
 * grant that the owner gives it. oidc-provider's own support (9.13) would look at an address only when it is connected to,
 * would answer 400 at the token endpoint when a document cannot be had, and has nothing to fall back on then.
 */
export function withClientDocuments(
  adapter: AdapterFactory,
  documents: ClientDocuments,
  redirects: ClientRedirects,
): AdapterFactory {
  const findClient = async (id: string) => {
    const request = Provider.ctx?.req;
    try {
      const document = await documents.find(id, (request && requestFacts(request).client_ip) ?? undefined);
      return documentMetadata(id, document, redirects);
    } catch (error) {
      throw error instanceof ArleoError ? new ClientDocumentRefused(error) : error;
    }
  };
  return (model) => {
    const inner = adapter(model);
    if (model === 'Client') {
      return { ...delegate(inner), find: (id) => (isDocumentId(id) ? findClient(id) : inner.find(id)) };
    }
    if (model !== 'Grant') return inner;
    return {
      ...delegate(inner),
      async upsert(id, payload, expiresIn) {
        const { clientId } = payload;
        if (clientId !== undefined && isDocumentId(clientId)) await documents.keep(clientId);
        await inner.upsert(id, payload, expiresIn);
      },
    };
  };
}

function delegate(inner: Adapter): Adapter {
  return {
    upsert: (id, payload, expiresIn) => inner.upsert(id, payload, expiresIn),
    find: (id) => inner.find(id),
    findByUid: (uid) => inner.findByUid(uid),
    findByUserCode: (userCode) => inner.findByUserCode(userCode),
    consume: (id) => inner.consume(id),
    destroy: (id) => inner.destroy(id),
    revokeByGrantId: (grantId) => inner.revokeByGrantId(grantId),
  };
}
