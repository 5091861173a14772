import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { ArleoError } from '../../errors.ts';

/**
 * Looks at an LMDB file before LMDB does: LMDB maps it into memory and believes every number in it, so that a damaged or
 * truncated one would kill the process with a signal and without a word. Every page that the newest snapshot leads to
 * must be there and be what it should be. The file's length alone says nothing: LMDB never writes free pages at its end.
 *
 * What another process writes meanwhile is no damage. A file that is absent or empty passes: LMDB makes it new.
 *
 * @throws {@link ArleoError} `state_damaged`
 * @see mdb.c of LMDB 0.9.90, as lmdb 3 builds it: `MDB_meta`, `MDB_page_header`, `MDB_node`
 */
export function checkLmdbFile(file: string): void {
  // The file is in the byte order of its machine.
  if (endianness() !== 'LE') return;
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    let { problem, newest } = inspect(descriptor);
    for (let attempt = 1; problem !== undefined; attempt += 1) {
      const again = inspect(descriptor);
      if (again.problem === undefined) return;
      // A snapshot that was replaced while it was read proves nothing; a file that others write all the time is in use.
      if (again.newest === undefined || again.newest === newest) throw damaged(file, problem);
      if (attempt === maxAttempts) return;
      ({ problem, newest } = again);
    }
  } finally {
    closeSync(descriptor);
  }
}

const maxAttempts = 10;

function damaged(file: string, problem: string): ArleoError {
  return new ArleoError('state_damaged', `The state in ${file} is damaged: ${problem}.`, {
    hint: 'Put the file back from a backup, or move it away (mv oauth.lmdb oauth.lmdb.damaged): then every client has to connect anew.',
  });
}

/** Bytes of a page's header. */
const headerBytes = 24;
/** Bytes of a node's header, in front of its key. */
const nodeBytes = 8;
const metaBytes = headerBytes + 144;
const magic = 0xbeefc0de;
const dataVersion = 2;
const noRoot = 0xffff_ffff_ffff_ffffn;
/** No tree of ours is nearly as high. */
const maxDepth = 32;

const branch = 0x01;
const leaf = 0x02;
const overflow = 0x04;
const meta = 0x08;
/** Node whose value stands on overflow pages. */
const bigData = 0x01;

/** What a meta page says of one snapshot of the whole file. */
interface Snapshot {
  transaction: bigint;
  /** The boot of the machine in which it was written; 0 if that is not known. */
  boot: bigint;
  trees: { root: bigint; depth: number }[];
}

class Damage extends Error {}

function inspect(descriptor: number): { problem?: string; newest?: bigint } {
  if (fstatSync(descriptor).size === 0) return {};
  let newest: Snapshot | undefined;
  try {
    const first = readAt(descriptor, 0, metaBytes);
    const pageBytes = pageSize(first);
    // Beside the two that take turns there is one, in the middle of the first page, for what is on the disk for certain.
    const middle = readAt(descriptor, pageBytes / 2, metaBytes);
    const snapshots = [readSnapshot(first), readSnapshot(readAt(descriptor, pageBytes, metaBytes))];
    snapshots.sort((a, b) => (a.transaction < b.transaction ? 1 : -1));
    if (isMeta(middle)) snapshots.push(readSnapshot(middle));
    newest = snapshots[0];
    // Asked after the snapshots were read: whoever writes one has written its pages before.
    const { size } = fstatSync(descriptor);
    // After a loss of power LMDB goes back to a snapshot that was on the disk; within one boot it takes the newest.
    const candidates = newest?.boot !== 0n && newest?.boot === currentBoot() ? snapshots.slice(0, 1) : snapshots;
    const problems = candidates.map((snapshot) => problemOf(descriptor, snapshot, pageBytes, size));
    const sound = problems.includes(undefined);
    return { newest: newest?.transaction ?? 0n, ...(!sound && { problem: problems[0] ?? 'it cannot be read' }) };
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    return { problem: error.message, ...(newest && { newest: newest.transaction }) };
  }
}

function isMeta(page: Buffer): boolean {
  return page.readUInt32LE(headerBytes) === magic;
}

function readSnapshot(page: Buffer): Snapshot {
  const version = page.readUInt32LE(headerBytes + 4) & 0xffff;
  if (!isMeta(page) || version !== dataVersion) throw new Damage('it is not a file of this version of LMDB');
  return {
    transaction: page.readBigUInt64LE(headerBytes + 128),
    boot: page.readBigInt64LE(headerBytes + 136),
    trees: [24, 72].map((at) => ({
      root: page.readBigUInt64LE(headerBytes + at + 40),
      depth: page.readUInt16LE(headerBytes + at + 6),
    })),
  };
}

function pageSize(page: Buffer): number {
  if (!(page.readUInt16LE(18) & meta)) throw new Damage('it is not an LMDB file');
  readSnapshot(page);
  const bytes = page.readUInt32LE(headerBytes + 24);
  if (bytes < 512 || bytes > 65536 || (bytes & (bytes - 1)) !== 0) throw new Damage(`its pages have ${bytes} bytes`);
  return bytes;
}

/** As LMDB reads it: the hexadecimal digits at the beginning. */
function currentBoot(): bigint {
  try {
    const digits = /^[0-9a-f]+/i.exec(readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'))?.[0] ?? '0';
    return BigInt(`0x${digits}`);
  } catch {
    return 0n;
  }
}

/** What is wrong with the pages of one snapshot. */
function problemOf(descriptor: number, { trees }: Snapshot, pageBytes: number, size: number): string | undefined {
  const pages = Math.floor(size / pageBytes);
  let visited = 0;

  const readPage = (number: bigint): Buffer => {
    if (number < 2n || number >= BigInt(pages)) throw new Damage(`page ${number} is not there, the file was cut off`);
    visited += 1;
    if (visited > pages) throw new Damage('its pages lead in a circle');
    const page = readAt(descriptor, Number(number) * pageBytes, pageBytes);
    if (page.readBigUInt64LE(0) !== number) throw new Damage(`page ${number} is another one`);
    return page;
  };

  const checkValue = (page: Buffer, node: number, keyBytes: number, bytes: number, flags: number): void => {
    const start = node + nodeBytes + keyBytes;
    if (!(flags & bigData)) {
      if (start + bytes > pageBytes) throw new Damage('an entry is longer than its page');
      return;
    }
    if (start + 8 > pageBytes) throw new Damage('an entry is longer than its page');
    const first = page.readBigUInt64LE(start);
    const needed = Math.ceil((headerBytes + bytes) / pageBytes);
    const head = readPage(first);
    if (!(head.readUInt16LE(18) & overflow)) throw new Damage(`page ${first} is of another kind`);
    if (first + BigInt(needed) > BigInt(pages)) throw new Damage(`page ${first} is not whole, the file was cut off`);
  };

  const walk = (number: bigint, level: number): void => {
    const page = readPage(number);
    const kind = page.readUInt16LE(18) & (branch | leaf | overflow | meta);
    if (kind !== (level > 1 ? branch : leaf)) throw new Damage(`page ${number} is of another kind`);
    const nodes = page.readUInt16LE(20) >> 1;
    if (headerBytes + 2 * nodes > pageBytes) throw new Damage(`page ${number} has too many entries`);
    for (let index = 0; index < nodes; index += 1) {
      const node = headerBytes + page.readUInt16LE(headerBytes + 2 * index);
      if (node + nodeBytes > pageBytes) throw new Damage(`an entry of page ${number} is not on it`);
      const low = page.readUInt32LE(node);
      const flags = page.readUInt16LE(node + 4);
      const keyBytes = page.readUInt16LE(node + 6);
      if (node + nodeBytes + keyBytes > pageBytes) throw new Damage(`a key of page ${number} is not on it`);
      if (kind === branch) walk(BigInt(low) + (BigInt(flags) << 32n), level - 1);
      else checkValue(page, node, keyBytes, low, flags);
    }
  };

  try {
    for (const { root, depth } of trees) {
      if (root === noRoot) continue;
      if (depth < 1 || depth > maxDepth) throw new Damage(`a tree has ${depth} levels`);
      walk(root, depth);
    }
    return undefined;
  } catch (error) {
    if (error instanceof Damage) return error.message;
    throw error;
  }
}

function readAt(descriptor: number, position: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  if (readSync(descriptor, buffer, 0, bytes, position) !== bytes) throw new Damage('it was cut off');
  return buffer;
}
