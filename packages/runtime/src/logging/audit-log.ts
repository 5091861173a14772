import { once } from 'node:events';
import { mkdir, open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { CHAIN_START, chainLine } from '@arleo/core/audit/chain';
import { type AuditEvent, type AuditInput, auditEvent, REMOVED_EVENT } from '@arleo/core/audit/event';
import { createLogger, format, transports } from 'winston';
import { AppendedFile } from './appended-file.ts';
import { AUDIT_MODE, lastRotatedHash, type Rotation, rotate, tidyRotated } from './audit-rotation.ts';
import { readAuditTail } from './audit-tail.ts';
import type { Log } from './log.ts';

/** Where audit events go. */
export interface AuditLog {
  /** Appends an event. Never throws and never waits for the disk. */
  record(event: AuditInput): void;
  /** Resolves when everything recorded so far was handed to the system. */
  flush(): Promise<void>;
  /** Flushes, for at most a second if the disk takes nothing, and closes; what is recorded later is lost. */
  close(): Promise<void>;
}

/** What {@link openAuditLog} needs. */
export interface AuditLogOptions {
  /** Made with mode 0640 when absent, its folder with 0750. */
  file: string;
  hop: AuditEvent['hop'];
  /** Is told when the audit log itself is in trouble. */
  log: Log;
  /** Absent for one file that only grows. */
  rotation?: Rotation;
}

/** As many events as may wait for a disk that hangs; what comes beyond them is counted, and the count is recorded. */
const maxWaiting = 10_000;

/** As many events as are written at once. */
const maxBatch = 256;

/** Milliseconds that the record of a success may wait for others; a refusal or failure does not wait. */
const batchMs = 25;

/** Milliseconds that closing waits for a disk that takes nothing. */
const closeMs = 1_000;

/**
 * Opens an audit log: JSON lines, each chained to the one before, also across restarts. A last line that a crash tore is
 * closed and chained like any other, and an `audit.torn_line` event follows it, so that `verify` reports exactly that
 * line. With `rotation` it goes on in a new file when one is full: the old one is numbered and compressed, the oldest are
 * removed, and the log says so.
 *
 * @throws Error when the file cannot be opened for reading and appending
 */
export async function openAuditLog({ file: given, hop, log, rotation }: AuditLogOptions): Promise<AuditLog> {
  await mkdir(path.dirname(given), { recursive: true, mode: 0o750 });
  const handle = await open(given, 'a+', AUDIT_MODE);
  const file = await realpath(given);
  const facts = await handle.stat();
  const tail = await readAuditTail(handle);
  if (tail === undefined && facts.isFile()) await handle.chmod(AUDIT_MODE);
  const target = new AppendedFile(handle, {
    onStuck: (error) => log.error('the audit log cannot be written: its events wait', { file, error }),
    onWell: () => log.info('the audit log can be written again', { file }),
  });
  target.on('error', (error) => log.error('the audit log cannot be closed', { file, error }));
  const logger = createLogger({
    format: format.printf(({ message }) => String(message)),
    transports: [new transports.Stream({ stream: target, eol: '' })],
  });

  const waiting: Omit<AuditEvent, 'prev'>[] = [];
  let previous = tail?.hash ?? (await lastRotatedHash(file)) ?? CHAIN_START;
  let size = facts.size;
  // A device or a pipe has no place that it could be moved to.
  let rotateAt = rotation !== undefined && facts.isFile() ? rotation.bytes : Number.POSITIVE_INFINITY;
  const closing = new AbortController();
  let tidying: Promise<void> | undefined;
  let dropped = 0;
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const accept = (event: AuditInput): boolean => {
    if (closed) return false;
    if (waiting.length >= maxWaiting) {
      dropped += 1;
      if (dropped === 1) log.error('too many audit events wait for the disk: further ones are dropped', { file });
      return false;
    }
    waiting.push(auditEvent(event, hop, new Date()));
    if (writing !== undefined) return true;
    if (event.result !== 'success' || waiting.length >= maxBatch) start();
    else timer ??= setTimeout(start, batchMs);
    return true;
  };
  const record = (event: AuditInput): void => void accept(event);

  function start(): void {
    clearTimeout(timer);
    timer = undefined;
    writing ??= writeBatch().then(() => {
      writing = undefined;
      if (waiting.length > 0) timer ??= setTimeout(start, waiting.length < maxBatch ? batchMs : 0);
    });
  }

  /** One pass through winston and one write for all events of a moment: for each alone they would cost more than a call. */
  async function writeBatch(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (size >= rotateAt) await beginNewFile();
    let text = '';
    for (const event of waiting.splice(0, maxBatch)) {
      const { line, hash } = chainLine(event, previous);
      previous = hash;
      text += `${line}\n`;
    }
    size += Buffer.byteLength(text);
    const written = once(target, 'written');
    logger.info(text);
    await written;
    if (dropped > 0) {
      const events = dropped;
      dropped = 0;
      record({ event_type: 'audit.dropped', result: 'failure', details: { events } });
    }
  }

  async function beginNewFile(): Promise<void> {
    try {
      const next = await rotate(file);
      size = 0;
      await target.switchTo(next);
      tidy();
    } catch (error) {
      log.warn('the audit log stays in one file for now: a new one cannot be begun', { file, error });
      rotateAt = size * 1.1;
    }
  }

  /** Beside the writing of events, which never waits for it. */
  function tidy(): void {
    if (rotation === undefined) return;
    tidying = Promise.resolve(tidying)
      .then(() => tidyRotated(file, rotation.files, announceRemoval, closing.signal))
      .catch((error: unknown) => {
        if (!closed) log.warn('old audit files wait to be compressed or removed', { file, error });
      });
  }

  async function announceRemoval(details: { through: number; prev: string }): Promise<boolean> {
    if (!accept({ event_type: REMOVED_EVENT, result: 'success', details })) return false;
    await flush();
    await target.sync();
    return !closed;
  }

  async function flush(): Promise<void> {
    while (waiting.length > 0 || writing !== undefined) {
      start();
      await writing;
    }
  }

  if (tail?.torn) {
    await handle.write('\n');
    if (!tail.complete) {
      log.warn('the last line of the audit log was torn by a crash', { file, bytes: tail.bytes });
      record({ event_type: 'audit.torn_line', result: 'failure', details: { bytes: tail.bytes } });
    }
  }
  if (rotateAt !== Number.POSITIVE_INFINITY) tidy();
  return {
    record,
    flush,
    async close() {
      closed = true;
      closing.abort();
      const patience = setTimeout(() => target.giveUp(), closeMs);
      await flush();
      clearTimeout(patience);
      await tidying;
      logger.close();
      await new Promise<void>((resolve) => target.end(() => resolve()).once('error', () => resolve()));
    },
  };
}
