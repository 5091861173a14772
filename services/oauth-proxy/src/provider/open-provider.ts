import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import type { SigningKeys } from '../state/signing-keys.ts';

/** The authorization server, whatever keys it has at the moment. */
export interface OpenProvider {
  /** For the pages, which sign nothing: any instance does for them. */
  readonly provider: Provider;
  /** Answers a request to one of its endpoints. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/**
 * Keeps the authorization server up to date with its keys: oidc-provider takes them when it is made, so that it is made
 * anew when they change. All that it knows is in the state; a request that is under way ends where it began.
 *
 * @param create makes one with the keys of the moment
 */
export function openProvider(keys: SigningKeys, create: () => Provider): OpenProvider {
  const first = create();
  let callback = first.callback();
  keys.onChange(() => {
    callback = create().callback();
  });
  return { provider: first, handle: (request, response) => callback(request, response) };
}
