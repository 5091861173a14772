import { readdir } from 'node:fs/promises';
import path from 'node:path';

/** One file of an audit log that is written to no more. */
export interface RotatedFile {
  /** Counts from 1 and never again: the order of the log, whatever the clock said. */
  number: number;
  path: string;
  /** True for gzip. */
  compressed: boolean;
}

/** `audit.jsonl` → `audit.000012.jsonl`, beside it. */
export function rotatedPath(file: string, number: number): string {
  const { dir, name, ext } = path.parse(file);
  return path.join(dir, `${name}.${String(number).padStart(6, '0')}${ext}`);
}

/**
 * The rotated files of an audit log, the oldest first; none if its folder is not there. A file that is being compressed
 * is there twice, and is given once, as it was before.
 *
 * @throws the file system's own error if the folder cannot be read
 */
export async function listRotated(file: string): Promise<RotatedFile[]> {
  const { dir, name, ext } = path.parse(file);
  const names = await readdir(dir === '' ? '.' : dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const found = new Map<number, RotatedFile>();
  for (const entry of names) {
    if (!entry.startsWith(`${name}.`)) continue;
    const [, digits = '', end] = /^(\d{6,12})(\..*)$/.exec(entry.slice(name.length + 1)) ?? [];
    const compressed = end === `${ext}.gz`;
    if (end !== ext && !compressed) continue;
    const number = Number(digits);
    if (compressed && found.has(number)) continue;
    found.set(number, { number, path: path.join(dir, entry), compressed });
  }
  return [...found.values()].sort((a, b) => a.number - b.number);
}
