import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeIdentity } from './make-identity.ts';
import { pinsFile, readPins, writePins } from './pin-state.ts';

const names = ['IP:127.0.0.1'];
const make = async () => (await makeIdentity({ names, from: Date.now(), to: Date.now() + 3_600_000 })).certificate;

let folder: string;
let [first, second, third]: string[] = [];
beforeAll(async () => {
  [first, second, third] = await Promise.all([make(), make(), make()]);
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-pins-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('what has followed from the owner’s certificate is kept, and another one of the owner’s counts for more', async () => {
  expect(await readPins(folder, first ?? '')).toEqual({ present: first, next: null });
  await writePins(folder, first ?? '', { present: second ?? '', next: third ?? '' });
  expect(await readPins(folder, first ?? '')).toEqual({ present: second, next: third });
  expect(await readPins(folder, `# my certificate\n${first}\n${third}`)).toEqual({ present: second, next: third });
  expect(await readPins(folder, third ?? '')).toEqual({ present: third, next: null });
  expect(await readdir(folder)).toEqual([pinsFile]);
});

test.each<[string, string]>([
  ['is empty', ''],
  ['is cut short', '{"configured":"'],
  ['has no certificate', JSON.stringify({ configured: 'a'.repeat(64), present: 'nonsense', next: null })],
  ['has something else', '[]'],
])('a file that %s is refused: what was dropped does not come back by that', async (_, text) => {
  await writeFile(path.join(folder, pinsFile), text);
  await expect(readPins(folder, first ?? '')).rejects.toMatchObject({ code: 'pins_damaged', hint: expect.any(String) });
});
