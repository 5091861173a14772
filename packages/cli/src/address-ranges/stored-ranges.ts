import { readFile } from 'node:fs/promises';
import { ArleoError } from '@arleo/core/errors';
import * as z from 'zod';
import { checkRanges } from './check-ranges.ts';
import { type AddressRanges, KNOWN_RANGES, RANGE_SOURCES, type RangeList } from './known-ranges.ts';

/** Where a host keeps the lists that its owner has downloaded, below `/etc`. */
export const STORED_RANGES = 'arleo/address-ranges.json';

const names = Object.keys(RANGE_SOURCES) as RangeList[];
const schema = z.strictObject(Object.fromEntries(names.map((name) => [name, z.array(z.string())])));

/**
 * The lists of this host: its own, else those of the release.
 *
 * @throws {@link ArleoError} `ranges_invalid` when its own are damaged
 */
export async function readStoredRanges(file: string): Promise<AddressRanges> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? KNOWN_RANGES : parseRanges(text, file);
}

/** The content of such a file. */
export function formatRanges(ranges: AddressRanges): string {
  return `${JSON.stringify(Object.fromEntries(names.map((name) => [name, ranges[name]])), null, 2)}\n`;
}

function parseRanges(text: string, file: string): AddressRanges {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) {
    return Object.fromEntries(
      names.map((name) => [name, checkRanges(parsed.data[name] ?? [], `${file}, ${name}`)]),
    ) as Record<RangeList, string[]>;
  }
  throw new ArleoError('ranges_invalid', `${file} is damaged.`, {
    hint: 'Move it away: the lists of the release count then, until arleo egress update.',
  });
}
