import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import * as z from 'zod';
import { ArleoError, isArleoError } from '../errors.ts';
import { changeFile, isFileSystemError } from '../fs/change-file.ts';
import { BCRYPT_HASH_PATTERN } from './bcrypt.ts';

/** The largest token file that is read, in bytes. */
export const TOKEN_FILE_MAX_BYTES = 4 * 1024 * 1024;
/** The longest label of a token, in characters. */
export const LABEL_MAX_LENGTH = 100;

// ISO 8601; the system before wrote some times without an offset, they are UTC.
const time = z
  .string()
  .max(64)
  .refine((text) => !Number.isNaN(parseTime(text)), 'is not a time like 2026-05-09T13:42:11Z');

/**
 * One entry of the token file. Fields that this version does not know are kept. An entry of the system before this one
 * has no `lookup`: no token of ours can find it, so it never authenticates and has to be rotated.
 */
export const tokenEntrySchema = z.looseObject({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/),
  /** bcrypt of the secret part; of an entry without `lookup`, of whatever the token was then. */
  hash: z.string().regex(BCRYPT_HASH_PATTERN, 'is not a bcrypt hash of cost 4 to 15'),
  created_at: time,
  label: z.string().max(1000),
  lookup: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  expires_at: time.nullish(),
  revoked_at: time.nullish(),
  /** Absent: what the legacy scope `mcp` stands for. */
  scopes: z.array(z.string().max(100)).max(50).nullish(),
  /** The id of the token that took the place of this one. */
  rotated_to: z.string().max(64).nullish(),
});

/** The token file: `{"tokens":[…]}`. Fields that this version does not know are kept. */
export const tokenFileSchema = z
  .looseObject({ tokens: z.array(tokenEntrySchema).max(10_000) })
  .superRefine(({ tokens }, context) => {
    for (const key of ['id', 'lookup'] as const) {
      const seen = new Set<string>();
      for (const [index, { [key]: value }] of tokens.entries()) {
        if (value === undefined) continue;
        if (seen.has(value))
          context.addIssue({ code: 'custom', path: ['tokens', index, key], message: 'is there twice' });
        seen.add(value);
      }
    }
  });

/** One entry of the token file. */
export type TokenEntry = z.infer<typeof tokenEntrySchema>;
/** The content of the token file. */
export type TokenFile = z.infer<typeof tokenFileSchema>;

/** Milliseconds since 1970 for a time of the token file; without an offset it is UTC. NaN if it is no time. */
export function parseTime(text: string): number {
  if (!/^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/.test(text)) return Number.NaN;
  const iso = text.replace(' ', 'T');
  return Date.parse(/(Z|[+-]\d{2}:\d{2})$/.test(iso) ? iso : `${iso}Z`);
}

/** The time as the token file writes it: `2026-05-09T13:42:11Z`. */
export function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/**
 * The content of the token file and what identifies this state of it.
 *
 * @throws {@link ArleoError} `token_file_missing`, `token_file_unreadable` or `token_file_damaged`
 */
export async function readTokenFile(file: string): Promise<{ content: TokenFile; identity: string; stats: Stats }> {
  const { text, identity, stats } = await readWhole(file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(file, 'it is not JSON', error);
  }
  const parsed = tokenFileSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw damaged(file, `${issue?.path.join('.') || 'the top'}: ${issue?.message ?? 'invalid'}`, parsed.error);
  }
  return { content: parsed.data, identity, stats };
}

/** What tells one state of the file from another without reading it: a rename changes the inode, a write the times. */
export async function tokenFileIdentity(file: string): Promise<string | undefined> {
  try {
    return identityOf(await stat(file, { bigint: true }));
  } catch {
    return undefined;
  }
}

/**
 * Changes the token file: under its lock (`FILE.lock`), whole or not at all, mode 0600. The owner of the file stays; a
 * new file gets the owner of its folder, so that root can make one for the service. A missing file is taken as empty
 * if `create` is set.
 *
 * @param change gets the current content and gives the next one and a result; what it throws changes nothing
 * @param options.guard is asked under the lock, with the file's real path, before the change is written; what it throws
 *   changes nothing
 * @throws {@link ArleoError} what {@link readTokenFile} throws, `lock_held`, `token_file_unwritable`
 */
export async function changeTokenFile<T>(
  file: string,
  change: (current: TokenFile) => { next: TokenFile; result: T },
  options: {
    create?: boolean;
    waitMs?: number;
    guard?: (target: string, current: TokenFile) => Promise<void>;
  } = {},
): Promise<T> {
  try {
    return await changeFile(
      file,
      async (target) => {
        const current = await readForChange(target, options.create ?? false);
        const { next, result } = change(current);
        await options.guard?.(target, current);
        return { text: `${JSON.stringify(tokenFileSchema.parse(next), null, 2)}\n`, result };
      },
      options,
    );
  } catch (error) {
    throw isFileSystemError(error) ? unwritable(file, error) : error;
  }
}

async function readForChange(file: string, create: boolean): Promise<TokenFile> {
  try {
    return (await readTokenFile(file)).content;
  } catch (error) {
    if (!create || !isArleoError(error, 'token_file_missing')) throw error;
    return { tokens: [] };
  }
}

async function readWhole(file: string): Promise<{ text: string; identity: string; stats: Stats }> {
  try {
    const handle = await open(file, 'r');
    try {
      // All from one descriptor: a rename in between cannot mix two states.
      const stats = await handle.stat();
      if (!stats.isFile()) throw damaged(file, 'it is not a regular file', undefined);
      if (stats.size > TOKEN_FILE_MAX_BYTES)
        throw damaged(file, `it is larger than ${TOKEN_FILE_MAX_BYTES} bytes`, undefined);
      const identity = identityOf(await handle.stat({ bigint: true }));
      return { text: await handle.readFile('utf8'), identity, stats };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (!isFileSystemError(cause)) throw cause;
    if (cause.code === 'ENOENT') {
      throw new ArleoError('token_file_missing', `There is no token file ${file}.`, {
        cause,
        hint: 'Make it with: token-mgr create --label LABEL (or name another file with --file or TOKENS_FILE).',
      });
    }
    throw new ArleoError('token_file_unreadable', `The token file ${file} cannot be read (${cause.code}).`, {
      cause,
      hint: 'Run as root or as the user of the service, and check owner and mode (0600) of the file.',
    });
  }
}

function identityOf(stats: { ino: bigint; size: bigint; mtimeNs: bigint; ctimeNs: bigint }): string {
  return `${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
}

function damaged(file: string, problem: string, cause: unknown): ArleoError {
  return new ArleoError('token_file_damaged', `The token file ${file} is damaged: ${problem}.`, {
    cause,
    hint: 'Restore it from a backup, or move it away and make new tokens. Until then no token is accepted.',
  });
}

function unwritable(file: string, cause: NodeJS.ErrnoException): ArleoError {
  return new ArleoError('token_file_unwritable', `The token file ${file} cannot be written (${cause.code}).`, {
    cause,
    hint: 'Run as root or as the user of the service, and check that its folder is there and has space.',
  });
}
