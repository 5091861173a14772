import { UsageError } from '../usage-error.ts';
import type { Command } from './command.ts';
import { stateFolder, tokenSecret, variable } from './state-place.ts';

/** `arleo state copy` */
export const stateCopy: Command = {
  name: 'state copy',
  summary: 'copy the state of one oauth-proxy into the Redis that several are to share',
  help: `arleo state copy: copy the state of oauth-proxy from its folder into Redis

Usage: arleo state copy [--from DIR] [--to-url URL] [--overwrite]

  --from DIR    STATE_DIR of oauth-proxy; default $STATE_DIR, else /var/lib/mcp-oauth-proxy
  --to-url URL  redis:// or rediss:// (TLS); default $STATE_URL or the file $STATE_URL_FILE, where others on the host
                cannot see its password
  --overwrite   take the place of what is in that Redis under the same names
  --json        one line of JSON instead of text, errors too

Stop oauth-proxy first: what it notes meanwhile would stay behind. Then start it, and as many as you like beside it, with
STATE_URL and the same TOKEN_SECRET. Nobody has to connect or approve again: clients, approvals, tokens, revocations and
signing keys go along, these encrypted, so that TOKEN_SECRET or TOKEN_SECRET_FILE has to be in the environment. All is copied
in one step, or nothing. A Redis that has a state already is refused without --overwrite; copied again, all is as after the
first time. The folder stays as it is.
`,
  options: { from: { type: 'string' }, 'to-url': { type: 'string' }, overwrite: { type: 'boolean' } },
  async run(values, env) {
    const given = values['to-url'];
    const toUrl = typeof given === 'string' ? given : variable('STATE_URL', env);
    if (!toUrl)
      throw new UsageError('--to-url is missing.', 'Give the address of Redis, or STATE_URL in the environment.');
    const from = stateFolder({ state: values.from }, env);
    const secret = tokenSecret(env);
    // Only this command needs both databases.
    const { copyState } = await import('@arleo/core/oauth-state/copy-state');
    const copied = await copyState({ from, toUrl, tokenSecret: secret, overwrite: values.overwrite === true });
    const { connections, entries, signingKeys } = copied;
    const text = `Copied: ${entries} entries, among them ${connections} ${connections === 1 ? 'approval' : 'approvals'}${signingKeys ? ', and the signing keys' : ''}.
`;
    return { text, value: { from, connections, entries, signing_keys: signingKeys } };
  },
};
