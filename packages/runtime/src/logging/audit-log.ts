import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { CHAIN_START, chainLine } from '@arleo/core/audit/chain';
import { type AuditEvent, type AuditInput, auditEvent } from '@arleo/core/audit/event';
import type { Hop } from '@arleo/core/errors';
import { createLogger, format, transports } from 'winston';
import { AppendedFile } from './appended-file.ts';
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
  hop: Hop;
  /** Is told when the audit log itself is in trouble. */
  log: Log;
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
 * line.
 *
 * @throws Error when the file cannot be opened for reading and appending
 */
export async function openAuditLog({ file, hop, log }: AuditLogOptions): Promise<AuditLog> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o750 });
  const handle = await open(file, 'a+', 0o640);
  const tail = await readAuditTail(handle);
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
  let previous = tail?.hash ?? CHAIN_START;
  let dropped = 0;
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const record = (event: AuditInput): void => {
    if (closed) return;
    if (waiting.length >= maxWaiting) {
      dropped += 1;
      if (dropped === 1) log.error('too many audit events wait for the disk: further ones are dropped', { file });
      return;
    }
    waiting.push(auditEvent(event, hop, new Date()));
    if (writing !== undefined) return;
    if (event.result !== 'success' || waiting.length >= maxBatch) start();
    else timer ??= setTimeout(start, batchMs);
  };

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
    let text = '';
    for (const event of waiting.splice(0, maxBatch)) {
      const { line, hash } = chainLine(event, previous);
      previous = hash;
      text += `${line}\n`;
    }
    const written = once(target, 'written');
    logger.info(text);
    await written;
    if (dropped > 0) {
      const events = dropped;
      dropped = 0;
      record({ event_type: 'audit.dropped', result: 'failure', details: { events } });
    }
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
  return {
    record,
    flush,
    async close() {
      closed = true;
      const patience = setTimeout(() => target.giveUp(), closeMs);
      await flush();
      clearTimeout(patience);
      logger.close();
      await new Promise<void>((resolve) => target.end(() => resolve()).once('error', () => resolve()));
    },
  };
}
