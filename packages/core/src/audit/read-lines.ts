import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** As long as a line may be, in bytes: many times what an event has. What is longer comes in pieces. */
export const MAX_LINE_BYTES = 1024 * 1024;

const blockBytes = 64 * 1024;

/** A line without its line feed. */
export interface Line {
  text: string;
  /** Its length as it stands in the file: a letter that was torn in the middle is another one in the text. */
  bytes: number;
  /** False for the last one if its line feed is missing. */
  ended: boolean;
  /** Bytes from the start of the (unpacked) file to the start of the next line. */
  end: number;
}

/**
 * The lines of a file, in little memory. Each is decoded as a whole, as when it was written.
 *
 * @param from byte to begin at, the start of a line; only of a file that is not compressed
 * @throws the error of zlib for a damaged compressed file, after the lines before the damage
 */
export async function* readLines(handle: FileHandle, compressed: boolean, from = 0): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let length = 0;
  let end = from;
  const take = (part: Buffer, ended: boolean): Line => {
    const whole = Buffer.concat([...parts, part]);
    parts = [];
    length = 0;
    end += whole.length + (ended ? 1 : 0);
    return { text: whole.toString('utf8'), bytes: whole.length, ended, end };
  };
  for await (const chunk of compressed ? unpacked(handle) : blocks(handle, from)) {
    let start = 0;
    for (let feed = chunk.indexOf(0x0a); feed !== -1; feed = chunk.indexOf(0x0a, start)) {
      yield take(chunk.subarray(start, feed), true);
      start = feed + 1;
    }
    if (start === chunk.length) continue;
    parts.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > MAX_LINE_BYTES) yield take(Buffer.alloc(0), false);
  }
  if (length > 0) yield take(Buffer.alloc(0), false);
}

async function* blocks(handle: FileHandle, from = 0): AsyncGenerator<Buffer> {
  for (let position = from; ; ) {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(blockBytes), 0, blockBytes, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* unpacked(handle: FileHandle): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  // Its failure comes out of the iteration; a reader that has enough ends it.
  const piped = pipeline(blocks(handle), gunzip).catch(() => {});
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } finally {
    gunzip.destroy();
    await piped;
  }
}
