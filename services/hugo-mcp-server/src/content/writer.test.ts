import { ArleoError } from '@arleo/core/errors';
import { BuildError } from '../build/build-site.ts';
import type { Plan } from './change.ts';
import { createWriter } from './writer.ts';
import type { WriterOptions } from './writer-contract.ts';

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const author = { sub: 'owner', clientId: 'client', requestId: 'request' };
const planned = (file: string) => ({
  edits: [{ file, before: undefined, after: Buffer.from(file) }],
  message: `Create ${file}`,
});

const nothing = async () => undefined;
const fakeHistory = {
  unlock: nothing,
  tidy: nothing,
  head: async () => 'c0',
  commitFolders: nothing,
  commitStale: nothing,
  commitFiles: async () => 'c1',
};

/** A writer on files in memory, and what it did to them. */
function fakeWriter(overrides: Partial<WriterOptions> = {}) {
  const files = new Map<string, Buffer>();
  const written: string[] = [];
  /** How long the index takes to look at what was changed. */
  const index = { tookMs: 0 };
  const options = {
    library: {
      site: { facts: () => ({ roots: [] }) },
      files: {
        read: async (file: string) => files.get(file),
        async replace(file: string, _before: Buffer | undefined, bytes: Buffer | undefined) {
          if (bytes === undefined) files.delete(file);
          else {
            files.set(file, bytes);
            written.push(file);
          }
          return true;
        },
        removeEmptyDir: async () => false,
      },
      index: { refresh: () => after(index.tookMs) },
    },
    history: fakeHistory,
    journal: { write: nothing, clear: nothing },
    answers: { kept: () => undefined, keep: nothing, forget: nothing },
    builds: { begin: nothing, end: nothing, settle: nothing },
    tellOutcome: async () => ({ pages: [], notes: {}, changed: true }),
    newBuildId: () => 'b1',
    publish: async () => ({ release: { id: 'b1', pages: 1, build_ms: 1 }, warnings: [] }),
    recover: async () => ({ takenBack: [], live: [], made: [], waiting: [] }),
    stopBuilding() {},
    answerWithinMs: 50,
    onError() {},
    ...overrides,
  };
  return { writer: createWriter(options as unknown as WriterOptions), files, written, index };
}

test('a call that was told "nothing was changed" while it was being planned is not made, and takes no answer away', async () => {
  const forgotten: unknown[] = [];
  const answers = { kept: () => undefined, keep: nothing, forget: async (key: unknown) => void forgotten.push(key) };
  const { writer, written } = fakeWriter({ answers: answers as never });
  const slow: Plan = async () => {
    await after(200);
    return planned('content/a.md');
  };
  // The same call was made before, and nobody knew whether: its outcome may be there by now.
  const key = { id: '0'.repeat(64), fingerprint: 'x' };
  await expect(writer.write(slow, { author, key })).rejects.toMatchObject({ code: 'site_busy' });
  await writer.close();
  expect(written).toEqual([]);
  expect(forgotten).toEqual([]);
});

test('nor is one that was told so between being taken back with others and being tried alone', async () => {
  const { writer, files, written, index } = fakeWriter({
    answerWithinMs: 3000,
    async publish() {
      index.tookMs = 2000;
      throw new BuildError('hugo_failed', 'Hugo could not build the site.', []);
    },
  });
  const first = writer.write(async () => planned('content/a.md'), { author }).catch(() => undefined);
  const second = writer.write(async () => planned('content/b.md'), { author });
  // It is taken back first; its time is up while the other one is.
  await expect(second).rejects.toMatchObject({ code: 'site_busy' });
  await first;
  await writer.close();
  expect(written.filter((file) => file === 'content/b.md')).toHaveLength(1);
  expect(files.size).toBe(0);
});

test('a change that the history refuses costs no other one of its batch', async () => {
  const { writer, files } = fakeWriter({
    history: {
      ...fakeHistory,
      async commitStale([edit]: readonly { file: string }[]) {
        if (edit?.file === 'content/a.md') throw new ArleoError('git_failed', 'No.');
      },
    } as never,
    answerWithinMs: 5000,
  });
  const refused = writer.write(async () => planned('content/a.md'), { author });
  const made = writer.write(async () => planned('content/b.md'), { author });
  await expect(refused).rejects.toMatchObject({ code: 'git_failed' });
  await expect(made).resolves.toMatchObject({ changed: true });
  await writer.close();
  expect([...files.keys()]).toEqual(['content/b.md']);
});

test('a release names the newest commit, also when a later change of its batch left one', async () => {
  const published: unknown[] = [];
  let commits = 0;
  const { writer } = fakeWriter({
    answerWithinMs: 5000,
    history: {
      ...fakeHistory,
      head: async () => `c${commits}`,
      async commitFiles() {
        commits += 1;
        return `c${commits}`;
      },
    } as never,
    async publish(commit) {
      published.push(commit);
      return { release: { id: 'b1', pages: 1, build_ms: 1 }, warnings: [] } as never;
    },
  });
  const made = writer.write(async () => planned('content/a.md'), { author });
  const fails = () => {
    throw new Error('no progress');
  };
  const refused = writer.write(async () => planned('content/b.md'), { author, progress: fails });
  await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('no progress') });
  await expect(made).resolves.toMatchObject({ changed: true });
  await writer.close();
  // One for each change, and those that took the second one back.
  expect(commits).toBeGreaterThan(2);
  expect(published).toEqual([`c${commits}`]);
});

test('the history is tidied up while nobody waits, and that ends for a change and for the stop', async () => {
  let tidied = 0;
  let begun = () => {};
  const { writer } = fakeWriter({
    history: {
      ...fakeHistory,
      tidy: (signal: AbortSignal) =>
        new Promise<void>((resolve) => {
          tidied += 1;
          signal.addEventListener('abort', () => resolve());
          begun();
        }),
    } as never,
  });
  const tidying = () =>
    new Promise<void>((resolve) => {
      begun = resolve;
      writer.adopt();
    });
  await tidying();
  await expect(writer.write(async () => planned('content/a.md'), { author })).resolves.toMatchObject({ changed: true });
  await tidying();
  await expect(writer.alone(async () => 'pulled')).resolves.toBe('pulled');
  await tidying();
  await writer.close();
  expect(tidied).toBe(3);
});
