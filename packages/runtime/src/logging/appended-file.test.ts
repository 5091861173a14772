import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { AppendedFile } from './appended-file.ts';

/** A disk that takes as many bytes as it has room for. */
function disk(room: number) {
  let content = '';
  const state = { room, closed: false };
  const handle = {
    async write(chunk: Buffer) {
      if (state.room === 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      const part = chunk.subarray(0, state.room);
      state.room -= part.length;
      content += part.toString();
      return { bytesWritten: part.length };
    },
    datasync: async () => undefined,
    async close() {
      state.closed = true;
    },
  } as unknown as FileHandle;
  return { handle, state, content: () => content };
}

test('a disk that is full for a while: the rest of a line follows once there is room', async () => {
  const { handle, state, content } = disk(3);
  const told: string[] = [];
  let closed: Promise<unknown> | undefined;
  const stuck = new Promise<void>((resolve) => {
    const file = new AppendedFile(handle, {
      onStuck: () => {
        told.push('stuck');
        resolve();
      },
      onWell: () => told.push('well'),
    });
    file.write('first line\n');
    file.end('second line\n');
    file.once('close', () => told.push('closed'));
    closed = once(file, 'close');
  });
  await stuck;
  expect(content()).toBe('fir');
  state.room = 1000;
  await closed;
  expect(content()).toBe('first line\nsecond line\n');
  expect(told).toEqual(['stuck', 'well', 'closed']);
  expect(state.closed).toBe(true);
});

test('giving up lets go of what waits, at once', async () => {
  const { handle, state } = disk(0);
  const file = new AppendedFile(handle, { onStuck: () => setImmediate(() => file.giveUp()), onWell: () => undefined });
  file.end('a line\n');
  await once(file, 'close');
  expect(state.closed).toBe(true);
});
