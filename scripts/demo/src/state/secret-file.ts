import { randomBytes, randomInt } from 'node:crypto';
import { chmod, readFile, stat } from 'node:fs/promises';
import { atomicWrite } from '@arleo/core/fs/atomic-write';
import { damaged } from './damaged.ts';

/** One secret in one file: its form, and how a new one is made. */
export interface SecretKind {
  form: RegExp;
  make(): string;
}

/** 256 random bits in hex. */
export const HEX_SECRET: SecretKind = { form: /^[0-9a-f]{64}$/, make: () => randomBytes(32).toString('hex') };

// Without i, l, o, u and the digits that look like them: read aloud and typed on a phone.
const READABLE = 'abcdefghjkmnpqrstvwxyz23456789';

/** Five groups of four readable characters: 98 bits. */
export const PASSPHRASE: SecretKind = {
  form: new RegExp(`^[${READABLE}]{4}(-[${READABLE}]{4}){4}$`),
  make: () =>
    Array.from({ length: 5 }, () =>
      Array.from({ length: 4 }, () => READABLE[randomInt(READABLE.length)]).join(''),
    ).join('-'),
};

/**
 * The file's content without its final newline, or undefined if there is no file. Makes the file readable by its owner alone.
 *
 * @throws ArleoError `state_damaged` if it is no regular file
 */
export async function readSecret(file: string): Promise<string | undefined> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  if (!found.isFile()) throw damaged(file, 'is not a file');
  if ((found.mode & 0o077) !== 0) await chmod(file, 0o600);
  return (await readFile(file, 'utf8')).replace(/\n$/, '');
}

/** Writes a secret: whole or not at all, mode 0600. */
export async function writeSecret(file: string, secret: string): Promise<void> {
  await atomicWrite(file, `${secret}\n`, { mode: 0o600 });
}

/**
 * The secret in the file; makes one where there is none.
 *
 * @throws ArleoError `state_damaged` if what is there has not the secret's form
 */
export async function keepSecret(file: string, kind: SecretKind): Promise<string> {
  const kept = await readSecret(file);
  if (kept === undefined) {
    const made = kind.make();
    await writeSecret(file, made);
    return made;
  }
  if (!kind.form.test(kept)) throw damaged(file, 'does not hold what belongs there (it is cut short or was changed)');
  return kept;
}
