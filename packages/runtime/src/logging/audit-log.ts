import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { CHAIN_START, chainLine, lineHash } from '@arleo/core/audit/chain';
import { type AuditInput, auditEvent } from '@arleo/core/audit/event';
import type { Hop } from '@arleo/core/errors';
import type { Log } from './log.ts';

/** Where audit events go. */
export interface AuditLog {
  /** Appends an event. Never throws and never waits for the disk. */
  record(event: AuditInput): void;
  /** Resolves when everything recorded so far was handed to the system. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** As much as may wait for a disk that hangs, in bytes; what comes beyond it is counted, and the count is recorded. */
const maxBufferedBytes = 8 * 1024 * 1024;

/** How long the record of a success may wait for others, in milliseconds. */
const batchMs = 25;

/** The longest line of an audit log, in bytes. */
const maxLineBytes = 256 * 1024;

/**
 * Opens an audit log: JSON lines, each chained to the one before, also across restarts. A last line that a crash tore is
 * closed and chained like any other, so that `verify` reports exactly that line and nothing after it. The lines are
 * written as they were hashed, not by a logging library that might add to them.
 *
 * @param file is made with mode 0640 when absent, its folder with 0750
 * @throws Error when the file cannot be opened for appending
 */
export async function openAuditLog({ file, hop, log }: { file: string; hop: Hop; log: Log }): Promise<AuditLog> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o750 });
  let { previous, torn } = await readEnd(file);
  const stream = createWriteStream(file, { flags: 'a', mode: 0o640 });
  await opened(stream);
  if (torn) stream.write('\n');
  stream.on('error', (error) => log.error('the audit log cannot be written', { file, error }));

  // One write for all lines of a moment: at thousands of calls a second, a system call for each would cost more than
  // the calls. A refusal or failure does not wait.
  let lines = '';
  let timer: NodeJS.Timeout | undefined;
  const writeOut = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (lines === '') return;
    stream.write(lines);
    lines = '';
  };

  let dropped = 0;
  const append = (event: AuditInput): void => {
    const { line, hash } = chainLine(auditEvent(event, hop, new Date()), previous);
    previous = hash;
    lines += `${line}\n`;
    if (event.result !== 'success') writeOut();
    else timer ??= setTimeout(writeOut, batchMs);
  };
  return {
    record(event) {
      if (stream.writableLength > maxBufferedBytes) {
        dropped += 1;
        if (dropped === 1) log.error('the disk does not take audit events: they are being dropped', { file });
        return;
      }
      if (dropped > 0) {
        append({ event_type: 'audit.dropped', result: 'failure', details: { events: dropped } });
        dropped = 0;
      }
      append(event);
    },
    flush() {
      writeOut();
      return new Promise((resolve) => stream.write('', () => resolve()));
    },
    close() {
      writeOut();
      return new Promise((resolve) => stream.end(() => resolve()));
    },
  };
}

async function readEnd(file: string): Promise<{ previous: string; torn: boolean }> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { previous: CHAIN_START, torn: false };
    throw error;
  }
  try {
    const { size } = await handle.stat();
    if (size === 0) return { previous: CHAIN_START, torn: false };
    const length = Math.min(size, maxLineBytes);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    const torn = buffer.at(-1) !== 0x0a;
    const end = torn ? length : length - 1;
    const start = end === 0 ? 0 : buffer.lastIndexOf(0x0a, end - 1) + 1;
    return { previous: lineHash(buffer.subarray(start, end).toString('utf8')), torn };
  } finally {
    await handle.close();
  }
}

function opened(stream: WriteStream): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('open', () => resolve());
    stream.once('error', reject);
  });
}
