import { UsageError } from '../usage-error.ts';
import { finishRotation, rotateSecret } from '../webhook-secret/rotate-secret.ts';
import type { Command } from './command.ts';

/** Where the secret is if nothing else is said. */
export const DEFAULT_SECRET_FILE = '/etc/hugo-mcp-proxy/webhook-secret';

const help = `arleo webhook-secret rotate: make a new secret for GitHub's webhook

Usage: arleo webhook-secret rotate [--finish] [--file PATH]

  --finish      end the rotation: the old secret is not valid any more
  --file PATH   the secret's file; default $WEBHOOK_SECRET_FILE, else ${DEFAULT_SECRET_FILE}
  --json        one line of JSON instead of text, errors too

In three steps, with no push lost and nothing restarted:
  1. arleo webhook-secret rotate            shows the new secret, this once; both are valid now
  2. at GitHub: the repository's Settings, Webhooks, Edit, Secret: put the new one in
  3. arleo webhook-secret rotate --finish   when a delivery with the new one was answered (the page shows it)

Where there is no file, the first secret is made. The file has mode 0600 and keeps its owner. A running hugo-mcp-proxy
reads it again with the next delivery; one that got it as a systemd credential has to be restarted.
`;

/** `arleo webhook-secret rotate` */
export const webhookSecretRotate: Command = {
  name: 'webhook-secret rotate',
  summary: 'make a new secret for the webhook; the old one stays valid until --finish',
  help,
  options: { file: { type: 'string' }, finish: { type: 'boolean' } },
  async run({ file: given, finish }, env) {
    if (given === '') throw new UsageError('--file is empty.', 'Give the path of the secret file.');
    const file = typeof given === 'string' ? given : env.WEBHOOK_SECRET_FILE || DEFAULT_SECRET_FILE;
    if (finish === true) {
      await finishRotation(file);
      return { text: 'The rotation is finished: only the new secret is valid.\n', value: { file, state: 'finished' } };
    }
    const { secret, first } = await rotateSecret(file);
    const next = first
      ? "Put it into the webhook's settings at GitHub."
      : "The old one stays valid. Put the new one into the webhook's settings at GitHub, then: arleo webhook-secret rotate --finish";
    return {
      text: `Secret: ${secret}  # ← shown only once\n${next}\n`,
      value: { file, state: first ? 'created' : 'rotating', secret },
    };
  },
};
