import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { ArleoError } from '../../errors.ts';
import { atomicWrite, removeLeftovers } from '../../fs/atomic-write.ts';
import { ownerBeside } from '../../fs/change-file.ts';
import { secondFactorSchema } from '../../mfa/second-factor.ts';

/**
 * The second factor that guards a token file, beside it. Not in it: hugo-mcp-server reads that one all the time, and its
 * backups tell nothing that could be used.
 */
export const mfaFileSchema = secondFactorSchema.extend({
  /** When codes were wrong of late, in milliseconds since 1970. */
  wrong_at: z.array(z.int().nonnegative()).max(100).optional(),
});

/** The content of the file. */
export type MfaFile = z.infer<typeof mfaFileSchema>;

/** The field of the token file that says that there has to be such a file: without it, losing the file would be a way in. */
export const MFA_MARKER = 'mfa_required';

/** `tokens.mfa.json` for `tokens.json`. @param target the token file's real path */
export function mfaFileOf(target: string): string {
  const { dir, name, ext } = path.parse(target);
  return path.join(dir, `${name}.mfa${ext}`);
}

/**
 * The second factor of a token file, undefined if there is none.
 *
 * @param target the token file's real path
 * @param required what the token file says under {@link MFA_MARKER}
 * @throws {@link ArleoError} `mfa_damaged`, `mfa_unreadable`
 */
export async function readMfaFile(target: string, required: unknown): Promise<MfaFile | undefined> {
  const file = mfaFileOf(target);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' && (required === undefined || required === false)) return undefined;
    if (code === 'ENOENT') throw damaged(file, 'is missing, although the token file asks for it');
    throw new ArleoError('mfa_unreadable', `The second factor ${file} cannot be read (${code}).`, {
      cause,
      hint: 'Run as root or as the user of the service.',
    });
  }
  try {
    return mfaFileSchema.parse(JSON.parse(text));
  } catch (cause) {
    // What JSON.parse throws quotes the file, which has the secret in it.
    throw damaged(file, 'is damaged', cause instanceof z.ZodError ? cause : undefined);
  }
}

/** Writes it: whole or not at all, mode 0600, with the owner of the token file. To be called under the lock of that. */
export async function writeMfaFile(target: string, content: MfaFile): Promise<void> {
  const file = mfaFileOf(target);
  await removeLeftovers(file);
  const text = `${JSON.stringify(mfaFileSchema.parse(content), null, 2)}\n`;
  await atomicWrite(file, text, { mode: 0o600, owner: await ownerBeside(target) });
}

/** Removes it. */
export async function removeMfaFile(target: string): Promise<void> {
  await rm(mfaFileOf(target), { force: true });
}

function damaged(file: string, problem: string, cause?: Error): ArleoError {
  return new ArleoError('mfa_damaged', `The second factor ${file} ${problem}. Nothing is changed without it.`, {
    ...(cause && { cause }),
    hint: `Put it back from a backup. If there is none, root may remove it and "${MFA_MARKER}" from the token file.`,
  });
}
