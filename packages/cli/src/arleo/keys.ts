import { deriveKey } from '@arleo/core/derive-key';
import { listKeys, replaceKeys, rotateKeys } from '@arleo/core/signing-keys/change-keys';
import { openKeyFile } from '@arleo/core/signing-keys/key-file';
import type { TimedKey } from '@arleo/core/signing-keys/key-set';
import type { KeyStore } from '@arleo/core/signing-keys/key-store';
import type { Command } from './command.ts';
import { type StatePlace, stateOptions, stateOptionsHelp, statePlace, tokenSecret } from './state-place.ts';

/** `arleo keys list` */
export const keysList: Command = {
  name: 'keys list',
  summary: 'show the keys that access tokens are signed with, and which is due when',
  help: `arleo keys list: show the signing keys of the access tokens

Usage: arleo keys list [--state DIR | --state-url URL]

${stateOptionsHelp}

Only ids and times are shown, never a key. In Redis the keys are encrypted, so that TOKEN_SECRET or TOKEN_SECRET_FILE has to
be in the environment. Run it on the host of oauth-proxy, as root or as the user of the service.
`,
  options: stateOptions,
  async run(values, env) {
    const keys = await withKeyStore(statePlace(values, env), env, (store) => listKeys(store, Date.now()));
    return { text: describeAll(keys), value: { keys: keys.map(told) } };
  },
};

const said = {
  begun: 'A rotation has begun; nothing else is to be done.\n',
  under_way: 'A rotation is under way already; nothing was changed.\n',
  replaced: 'All keys were replaced: every access token is refused now, and clients refresh theirs by themselves.\n',
};

/** `arleo keys rotate` */
export const keysRotate: Command = {
  name: 'keys rotate',
  summary: 'change the key that access tokens are signed with; no client notices',
  help: `arleo keys rotate: change the key that access tokens are signed with

Usage: arleo keys rotate [--now] [--state DIR | --state-url URL]

  --now         a key may be known to others: drop all keys at once for a new one
${stateOptionsHelp}

A new key is published at once (/jwks), signs 15 minutes later, and the old one is dropped when no token that it signed can
be valid any more, 65 minutes after that. oauth-proxy does all this by itself, running or restarted; asked again before the
new key signs, this changes nothing.

With --now every access token dies within a second, and each client gets a new one by its refresh token: nobody has to
log in. oauth-proxy writes each change to its audit log. In Redis the keys are encrypted, so that TOKEN_SECRET or
TOKEN_SECRET_FILE has to be in the environment. Run it on its host, as root or as the user of the service.
`,
  options: { ...stateOptions, now: { type: 'boolean' } },
  async run(values, env) {
    const change = values.now === true ? replaceKeys : rotateKeys;
    const { state, keys } = await withKeyStore(statePlace(values, env), env, (store) => change(store, Date.now()));
    return { text: `${said[state]}${describeAll(keys)}`, value: { state, keys: keys.map(told) } };
  },
};

/** Opens the keys where they are, for as long as `act` takes. */
async function withKeyStore<T>(
  place: StatePlace,
  env: NodeJS.ProcessEnv,
  act: (store: KeyStore) => Promise<T>,
): Promise<T> {
  if (!('url' in place)) return act(openKeyFile(place.folder));
  const key = deriveKey(tokenSecret(env), 'signing keys');
  const [{ openRedis }, { openRedisKeyStore }] = await Promise.all([
    import('@arleo/core/oauth-state/redis/open-redis'),
    import('@arleo/core/oauth-state/redis/redis-key-store'),
  ]);
  const redis = await openRedis(place.url);
  try {
    return await act(openRedisKeyStore(redis.ask, key));
  } finally {
    redis.close();
  }
}

/** What may be shown of a key. */
function told({ jwk, phase, signsFrom, ends }: TimedKey) {
  return {
    kid: jwk.kid,
    phase,
    signs_from: signsFrom === 0 ? null : new Date(signsFrom),
    ends: ends === undefined ? null : new Date(ends),
  };
}

function describeAll(keys: TimedKey[]): string {
  return keys.map((key) => `${key.jwk.kid}  ${describe(key)}\n`).join('');
}

function describe({ phase, signsFrom, ends }: TimedKey): string {
  const end = ends === undefined ? '' : `, dropped at ${time(ends)}`;
  if (phase === 'published') return `published, signs from ${time(signsFrom)}${end}`;
  if (phase === 'retiring') return `verifies only${end}`;
  return `signs${signsFrom === 0 ? '' : ` since ${time(signsFrom)}`}${end}`;
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/:\d\d\.\d{3}Z$/, 'Z');
}
