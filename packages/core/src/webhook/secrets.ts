import { ArleoError } from '../errors.ts';

/** The shortest and the longest secret of a webhook, in characters. */
export const WEBHOOK_SECRET_LENGTH = { min: 16, max: 255 } as const;

/**
 * Reads what a webhook's secret file holds: one secret, or two lines while it is rotated, the new one first. Both are
 * valid then.
 *
 * @returns one or two secrets
 * @throws {@link ArleoError} `webhook_secret_invalid`; the message shows no secret
 */
export function parseWebhookSecrets(text: string): string[] {
  const secrets = text.replace(/\r?\n$/, '').split(/\r?\n/);
  const { min, max } = WEBHOOK_SECRET_LENGTH;
  if (secrets.length > 2) throw invalid('has more than two lines');
  for (const secret of secrets) {
    if (!/^[\x21-\x7e]*$/.test(secret)) throw invalid('has other characters than letters, digits and punctuation');
    if (secret.length < min || secret.length > max) throw invalid(`is not ${min} to ${max} characters long`);
  }
  if (secrets[0] === secrets[1]) throw invalid('has the same line twice');
  return secrets;
}

/** The text of a secret file. @see {@link parseWebhookSecrets} */
export function formatWebhookSecrets(secrets: readonly string[]): string {
  return secrets.map((secret) => `${secret}\n`).join('');
}

function invalid(problem: string): ArleoError {
  return new ArleoError('webhook_secret_invalid', `The webhook's secret ${problem}.`, {
    hint: 'One secret, or two lines during a rotation, the new one first. Make one with: arleo webhook-secret rotate',
  });
}
