import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { atomicWrite } from '@arleo/core/fs/atomic-write';
import type { AddressRanges } from './known-ranges.ts';
import { type BlockStyle, putRanges } from './range-blocks.ts';

/** A file of a host that holds ranges. */
export interface RangeFile {
  /** Below `/etc`. */
  path: string;
  style: BlockStyle;
  /** What makes it count. */
  apply: string;
}

/** All of them. A host has those that it needs. */
export const RANGE_FILES: readonly RangeFile[] = [
  ...['github.conf', 'cloudflare.conf'].map(
    (name): RangeFile => ({
      path: `systemd/system/hugo-mcp.service.d/${name}`,
      style: 'systemd',
      apply: 'systemctl daemon-reload && systemctl restart hugo-mcp',
    }),
  ),
  { path: 'nginx/arleo/callers.conf', style: 'nginx', apply: 'nginx -t && systemctl reload nginx' },
];

/** What is to be done about a file. */
export interface FileChange {
  file: string;
  /** `unmarked`: it holds no ranges that could be replaced, and stays as it is. */
  state: 'absent' | 'unmarked' | 'same' | 'changed';
  /** The new content, if it changes. */
  text?: string;
  apply: string;
}

/** Finds what would change below `etc`, and changes nothing. */
export async function planChanges(etc: string, ranges: AddressRanges): Promise<FileChange[]> {
  const changes: FileChange[] = [];
  for (const { path: below, style, apply } of RANGE_FILES) {
    const file = path.join(etc, below);
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw error;
    });
    if (text === undefined) {
      changes.push({ file, state: 'absent', apply });
      continue;
    }
    const next = putRanges(text, ranges, style);
    if (next === undefined) changes.push({ file, state: 'unmarked', apply });
    else if (next === text) changes.push({ file, state: 'same', apply });
    else changes.push({ file, state: 'changed', text: next, apply });
  }
  return changes;
}

/** Writes a file whole or not at all; its mode and owner stay, and a symlink to it. */
export async function writeChange(name: string, text: string): Promise<void> {
  const file = await realpath(name).catch(() => name);
  const facts = await stat(file).catch(() => undefined);
  const owner = facts && process.getuid?.() === 0 ? { uid: facts.uid, gid: facts.gid } : undefined;
  await atomicWrite(file, text, { mode: facts === undefined ? 0o644 : facts.mode & 0o777, ...(owner && { owner }) });
}
