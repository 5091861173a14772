import { open } from 'node:fs/promises';
import { ArleoError } from '@arleo/core/errors';
import * as z from 'zod';
import { checkRanges } from './check-ranges.ts';
import type { AddressRanges } from './known-ranges.ts';

/** GitHub's has half a megabyte, for all the addresses of its builds. */
const MAX_BYTES = 8 * 1024 * 1024;

const metaSchema = z.object({ git: z.array(z.string()), hooks: z.array(z.string()) });

/** The files that the owner has downloaded. */
export interface DownloadedFiles {
  /** The answer of https://api.github.com/meta */
  github?: string;
  /** Ranges, one a line; IPv4 and IPv6 may be two files. */
  cloudflare?: readonly string[];
  anthropic?: string;
}

/**
 * The lists that are in downloaded files.
 *
 * @throws {@link ArleoError} `ranges_invalid`, `ranges_unreadable`
 */
export async function readDownloadedRanges(files: DownloadedFiles): Promise<Partial<AddressRanges>> {
  const { github, cloudflare = [], anthropic } = files;
  return {
    ...(github === undefined ? {} : await readMeta(github)),
    ...(cloudflare.length === 0 ? {} : { cloudflare: await readCloudflare(cloudflare) }),
    ...(anthropic === undefined ? {} : { anthropic: checkRanges(await readList(anthropic), anthropic) }),
  };
}

async function readMeta(file: string): Promise<Pick<AddressRanges, 'github.git' | 'github.hooks'>> {
  let value: unknown;
  try {
    value = JSON.parse(await read(file));
  } catch (error) {
    if (error instanceof ArleoError) throw error;
  }
  const meta = metaSchema.safeParse(value);
  if (!meta.success) throw notWhat(file, 'the answer of https://api.github.com/meta');
  return {
    'github.git': checkRanges(meta.data.git, `${file}, "git"`),
    'github.hooks': checkRanges(meta.data.hooks, `${file}, "hooks"`),
  };
}

async function readCloudflare(files: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(files.map(readList));
  const ranges = checkRanges(lists.flat(), files.join(', '));
  // With one of its two files alone the other half would be shut out.
  for (const [mark, family] of [
    ['.', 'IPv4'],
    [':', 'IPv6'],
  ] as const) {
    if (!ranges.some((range) => range.includes(mark)))
      throw notWhat(files.join(', '), `all of it: ${family} is missing`);
  }
  return ranges;
}

async function readList(file: string): Promise<string[]> {
  const lines = (await read(file)).split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

async function read(file: string): Promise<string> {
  try {
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_BYTES + 1), 0, MAX_BYTES + 1, 0);
      if (bytesRead > MAX_BYTES) throw notWhat(file, 'such a list: it is far too large');
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof ArleoError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new ArleoError('ranges_unreadable', `${file} cannot be read (${code}).`, {
      hint: 'Give a file that you downloaded.',
    });
  }
}

function notWhat(file: string, what: string): ArleoError {
  return new ArleoError('ranges_invalid', `${file} is not ${what}.`, {
    hint: 'Nothing was changed. Download it again.',
  });
}
