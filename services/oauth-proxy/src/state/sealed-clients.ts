import { openClient, sealClient } from '@arleo/core/oauth-state/client-secret';
import type { Log } from '@arleo/runtime/logging/log';
import type { Adapter } from 'oidc-provider';
import type { AdapterFactory } from './state.ts';

/**
 * Storage in which the secrets of clients are encrypted. A client whose secret cannot be opened (`TOKEN_SECRET` was changed) is
 * as good as unknown: it is told `invalid_client` and registers anew.
 *
 * @param key 32 bytes, from `TOKEN_SECRET`
 */
export function withSealedClients(adapter: AdapterFactory, key: Buffer, log: Log): AdapterFactory {
  let told = false;
  return (model) => {
    const inner = adapter(model);
    if (model !== 'Client') return inner;
    const sealed: Pick<Adapter, 'upsert' | 'find'> = {
      upsert: (id, payload, expiresIn) => inner.upsert(id, sealClient(key, id, payload), expiresIn),
      async find(id) {
        const stored = await inner.find(id);
        try {
          return stored && openClient(key, id, stored);
        } catch (error) {
          if (!told) log.warn('clients that have a secret have to register anew: TOKEN_SECRET was changed', { error });
          told = true;
          return undefined;
        }
      },
    };
    return {
      ...sealed,
      findByUid: (uid) => inner.findByUid(uid),
      findByUserCode: (code) => inner.findByUserCode(code),
      consume: (id) => inner.consume(id),
      destroy: (id) => inner.destroy(id),
      revokeByGrantId: (grantId) => inner.revokeByGrantId(grantId),
    };
  };
}
