import { isArleoError } from '@arleo/core/errors';
import { parseWebhookSecrets } from '@arleo/core/webhook/secrets';
import { damaged } from './damaged.ts';
import { HEX_SECRET, readSecret, writeSecret } from './secret-file.ts';

/**
 * The webhook's secret, the newest where one is being rotated (`arleo webhook-secret rotate`); makes one where there is
 * none.
 *
 * @throws ArleoError `state_damaged`
 */
export async function keepWebhookSecret(file: string): Promise<string> {
  const kept = await readSecret(file);
  if (kept === undefined) {
    const made = HEX_SECRET.make();
    await writeSecret(file, made);
    return made;
  }
  try {
    return parseWebhookSecrets(kept)[0] ?? '';
  } catch (error) {
    if (!isArleoError(error, 'webhook_secret_invalid')) throw error;
    throw damaged(file, 'does not hold one or two secrets (it is cut short or was changed)');
  }
}
