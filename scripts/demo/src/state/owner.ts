import { stat } from 'node:fs/promises';
import { changeOwnerFile, ownerFileSchema } from '@arleo/core/owner/owner-file';
import { openBcrypt } from '@arleo/core/tokens/bcrypt';
import { damaged } from './damaged.ts';
import { keepSecret, PASSPHRASE, readSecret } from './secret-file.ts';

/**
 * Keeps the owner's passphrase, readable so that every run can show it, and its bcrypt hash, which is all that oauth-proxy
 * gets to see.
 *
 * @throws ArleoError `state_damaged` if the two do not belong together
 */
export async function keepOwner(passphraseFile: string, ownerPath: string): Promise<string> {
  const text = await readSecret(ownerPath);
  if (text !== undefined && (await stat(passphraseFile).catch(() => undefined)) === undefined) {
    throw damaged(
      passphraseFile,
      `is gone, and ${ownerPath} holds only its hash`,
      `Put the passphrase back into ${passphraseFile}, or get a new one: rm ${ownerPath}`,
    );
  }
  const passphrase = await keepSecret(passphraseFile, PASSPHRASE);
  const bcrypt = openBcrypt({ threads: 1 });
  try {
    if (text === undefined) {
      const passphrase_hash = await bcrypt.hash(passphrase);
      await changeOwnerFile(ownerPath, () => ({ next: { passphrase_hash }, result: undefined }));
    } else if (!(await bcrypt.verify(passphrase, parseOwner(ownerPath, text)))) {
      throw damaged(
        passphraseFile,
        `is not the passphrase whose hash is in ${ownerPath}`,
        `Put the right passphrase back into ${passphraseFile}, or get a new one: rm ${passphraseFile} ${ownerPath}`,
      );
    }
  } finally {
    await bcrypt.close();
  }
  return passphrase;
}

function parseOwner(file: string, text: string): string {
  try {
    return ownerFileSchema.parse(JSON.parse(text)).passphrase_hash;
  } catch {
    throw damaged(file, 'is not {"passphrase_hash": …}');
  }
}
