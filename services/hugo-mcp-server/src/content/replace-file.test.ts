import { renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { moveFile, replaceFile } from './replace-file.ts';

let dir: string;
let file: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'replace-'));
  file = path.join(dir, 'index.md');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const bytes = (text: string) => Buffer.from(text);
const now = () => readFile(file, 'utf8');

test('makes, replaces and removes a file that is as it was known to be', async () => {
  expect(await replaceFile(file, undefined, bytes('one'))).toBe(true);
  expect(await now()).toBe('one');
  expect(await replaceFile(file, bytes('one'), bytes('two'))).toBe(true);
  expect(await now()).toBe('two');
  expect(await replaceFile(file, bytes('two'), undefined)).toBe(true);
  expect(await readdir(dir)).toEqual([]);
  expect(await replaceFile(file, undefined, undefined)).toBe(true);
});

test('leaves a file that is another than it was known to be', async () => {
  await writeFile(file, 'by hand');
  expect(await replaceFile(file, undefined, bytes('mine'))).toBe(false);
  expect(await replaceFile(file, bytes('known'), bytes('mine'))).toBe(false);
  expect(await replaceFile(file, bytes('known'), undefined)).toBe(false);
  expect(await replaceFile(file, undefined, undefined)).toBe(false);
  expect(await now()).toBe('by hand');
  await rm(file);
  expect(await replaceFile(file, bytes('known'), bytes('mine'))).toBe(false);
  await symlink('elsewhere', file);
  expect(await replaceFile(file, bytes('known'), bytes('mine'))).toBe(false);
  expect(await readdir(dir)).toEqual(['index.md']);
});

test('of many that make a file at once one does, and its bytes are there', async () => {
  const made = await Promise.all(
    Array.from({ length: 20 }, (_, i) => replaceFile(file, undefined, bytes(`made ${i}`))),
  );
  expect(made.filter((one) => one)).toHaveLength(1);
  expect(await now()).toBe(`made ${made.indexOf(true)}`);
  expect(await readdir(dir)).toEqual(['index.md']);
});

test('keeps what an editor writes into the file that it has open, whenever it does', async () => {
  for (let i = 0; i < 60; i++) {
    await writeFile(file, 'before');
    const editor = await open(file, 'r+');
    const saving = new Promise<void>((resolve) => {
      setTimeout(() => editor.write('by hand', 0).then(() => resolve()), i / 12);
    });
    const replaced = await replaceFile(file, bytes('before'), bytes('mine'));
    const seen = await now();
    await saving;
    await editor.close();
    // Refused, and theirs is there; or made before they wrote, into a file that was no page any more.
    expect([replaced, seen]).toEqual(replaced ? [true, 'mine'] : [false, expect.stringMatching(/^(by hand|before)$/)]);
    if (!replaced) expect(await now()).toBe('by hand');
  }
});

test('moves a file to where none is', async () => {
  await writeFile(file, 'moved');
  const to = path.join(dir, 'other.md');
  expect(await moveFile(file, to)).toBe(true);
  expect(await readFile(to, 'utf8')).toBe('moved');
  expect(await moveFile(file, to)).toBe(false);
  await writeFile(file, 'second');
  expect(await moveFile(file, to)).toBe(false);
  expect(await readFile(to, 'utf8')).toBe('moved');
});

test('leaves what an editor puts in the place while the new bytes go to the disk', async () => {
  let inTime = 0;
  for (let round = 0; round < 50; round += 1) {
    await writeFile(file, 'known');
    let over = false;
    const ours = replaceFile(file, bytes('known'), bytes('ours')).finally(() => {
      over = true;
    });
    // An editor that saves by a rename, as soon as ours begins to write beside it.
    while (!over && !(await readdir(dir)).some((name) => name.endsWith('.tmp'))) await new Promise(setImmediate);
    if (!over) inTime += 1;
    const saved = `${file}.saved`;
    writeFileSync(saved, 'by hand');
    renameSync(saved, file);
    await ours;
    // Ours gave way, or was in its place before the editor's came.
    expect(await now()).toBe('by hand');
  }
  expect(inTime).toBeGreaterThan(0);
});
