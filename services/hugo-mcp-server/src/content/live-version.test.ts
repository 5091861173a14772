import { blobName } from './blob-name.ts';
import { createLiveVersions } from './live-version.ts';
import { revisionOf } from './revision.ts';

test('many pages of one release cost one look at its files, and one git at a time', async () => {
  const bytes = Array.from({ length: 20 }, (_, i) => Buffer.from(`page ${i}`));
  const asked = { lists: 0, blobs: 0, atOnce: 0, most: 0 };
  const history = {
    async blobsOf() {
      asked.lists += 1;
      return new Map(bytes.map((one, i) => [`${i}.md`, blobName(one)]));
    },
    async blob(name: string) {
      asked.blobs += 1;
      asked.atOnce += 1;
      asked.most = Math.max(asked.most, asked.atOnce);
      await new Promise((resolve) => setTimeout(resolve, 1));
      asked.atOnce -= 1;
      return bytes.find((one) => blobName(one) === name);
    },
  };
  const { isLiveVersion: isLive } = createLiveVersions(history, { live: async () => ({ commit: 'c' }) as never });
  const ask = () => Promise.all(bytes.map((one, i) => isLive(`${i}.md`, revisionOf(one))));
  expect((await ask()).every((live) => live)).toBe(true);
  await ask();
  expect(await isLive('0.md', revisionOf(bytes[1] as Buffer))).toBe(false);
  expect(await isLive('1.md', bytes[1] as Buffer)).toBe(true);
  expect(await isLive('no.md', revisionOf(bytes[1] as Buffer))).toBe(false);
  expect(asked).toEqual({ lists: 1, blobs: 20, atOnce: 0, most: 1 });
});

test('a commit that was looked at before it went live is not asked for again', async () => {
  const bytes = Buffer.from('page');
  const asked: string[] = [];
  let live = 'a';
  const history = {
    async blobsOf(commit: string) {
      asked.push(commit);
      if (commit === 'broken') throw new Error('no Git');
      return new Map([['page.md', commit === 'b' ? blobName(bytes) : 'other']]);
    },
    blob: async () => undefined,
  };
  const versions = createLiveVersions(history, { live: async () => ({ commit: live }) as never });
  const isLive = () => versions.isLiveVersion('page.md', bytes);
  expect(await isLive()).toBe(false);
  await versions.prepare('broken');
  await versions.prepare('b');
  expect(await isLive()).toBe(false);
  live = 'b';
  expect(await isLive()).toBe(true);
  expect(asked).toEqual(['a', 'broken', 'b']);
});
