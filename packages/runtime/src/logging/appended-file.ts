import type { FileHandle } from 'node:fs/promises';
import { Writable } from 'node:stream';

/** Milliseconds between two attempts to write. */
const retryMs = 500;

/** What an {@link AppendedFile} tells of. */
export interface AppendedFileEvents {
  /** The disk does not take what is written; told once for each time that it begins. */
  onStuck(error: Error): void;
  /** Everything that had to wait is written. */
  onWell(): void;
}

/**
 * Writes to the end of a file and does not give up: while the disk is full, what was accepted waits, and after a part of
 * it was written the rest follows. So a line is never lost in the middle of a file. Only `giveUp` ends the waiting.
 */
export class AppendedFile extends Writable {
  #handle: FileHandle;
  readonly #events: AppendedFileEvents;
  #stuck = false;
  #givenUp = false;
  #retry: (() => void) | undefined;

  constructor(handle: FileHandle, events: AppendedFileEvents) {
    super({ decodeStrings: true });
    this.#handle = handle;
    this.#events = events;
  }

  /** Goes on in another file. Call it while nothing is being written. */
  async switchTo(handle: FileHandle): Promise<void> {
    const before = this.#handle;
    this.#handle = handle;
    await before.datasync().finally(() => before.close());
  }

  /** Resolves when what was written would survive a power cut. */
  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  /** Tries once more what waits, then lets it go. */
  giveUp(): void {
    this.#givenUp = true;
    this.#retry?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#append(chunk).then(() => {
      this.emit('written');
      done();
    }, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#handle.datasync().then(
      () => this.#close(done),
      () => this.#close(done),
    );
  }

  #close(done: (error?: Error | null) => void): void {
    this.#handle.close().then(() => done(), done);
  }

  async #append(chunk: Buffer): Promise<void> {
    for (let left = chunk; left.length > 0; ) {
      const last = this.#givenUp;
      try {
        const { bytesWritten } = await this.#handle.write(left);
        left = left.subarray(bytesWritten);
      } catch (error) {
        if (!this.#stuck) this.#events.onStuck(error as Error);
        this.#stuck = true;
        if (last) return;
        if (!this.#givenUp) await this.#pause();
      }
    }
    if (this.#stuck) this.#events.onWell();
    this.#stuck = false;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, retryMs);
      this.#retry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
