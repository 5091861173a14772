import type { FileHandle } from 'node:fs/promises';
import { lineHash, readEvent } from '@arleo/core/audit/chain';

/** The last line of an audit log. */
export interface AuditTail {
  /** What the next line's `prev` must be. */
  hash: string;
  /** Its length without a line feed. */
  bytes: number;
  /** True if its line feed is missing: whoever wrote it was stopped in the middle. */
  torn: boolean;
  /** True if it is an event all the same: of a torn line then nothing but the line feed is missing. */
  complete: boolean;
}

const blockBytes = 64 * 1024;

/** Reads the last line of a file, however long, without reading the rest; undefined for an empty file. */
export async function readAuditTail(handle: FileHandle): Promise<AuditTail | undefined> {
  const { size } = await handle.stat();
  if (size === 0) return undefined;
  let end: Buffer = Buffer.alloc(0);
  for (let start = size; start > 0; ) {
    const length = Math.min(blockBytes, start);
    start -= length;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, start);
    end = Buffer.concat([buffer.subarray(0, bytesRead), end]);
    if (end.lastIndexOf(0x0a, -2) !== -1) break;
  }
  const torn = end.at(-1) !== 0x0a;
  const line = end.subarray(end.lastIndexOf(0x0a, -2) + 1, torn ? end.length : -1);
  const text = line.toString('utf8');
  return { hash: lineHash(text), bytes: line.length, torn, complete: typeof readEvent(text) !== 'string' };
}
