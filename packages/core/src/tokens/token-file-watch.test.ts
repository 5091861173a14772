import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type TokenFileState, type TokenFileWatch, watchTokenFile } from './token-file-watch.ts';

const never = 3_600_000;
let folder: string;
let file: string;
let watch: TokenFileWatch | undefined;
let states: string[];
let wake: () => void;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'token-file-watch-'));
  file = path.join(folder, 'state', 'tokens.json');
  states = [];
  wake = () => {};
});

afterEach(async () => {
  watch?.close();
  await rm(folder, { recursive: true, force: true });
});

/** A file with so many tokens. */
function write(count: number): void {
  const hash = `$2b$12$${'a'.repeat(53)}`;
  const tokens = Array.from({ length: count }, (_, i) => ({
    id: `t${i}`,
    hash,
    created_at: '2026-05-09T13:42:11Z',
    label: 'l',
  }));
  writeFileSync(file, JSON.stringify({ tokens }));
}

async function open(options: { watch?: boolean } = {}): Promise<TokenFileWatch> {
  watch = await watchTokenFile({
    file,
    now: Date.now,
    watch: true,
    pollMs: never,
    onState(state: TokenFileState) {
      states.push('problem' in state ? state.problem.code : `${state.content.tokens.length} tokens`);
      wake();
    },
    ...options,
  });
  return watch;
}

async function seen(state: string): Promise<void> {
  while (states.at(-1) !== state) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

test('the first state is known when it is open, and each later one is told without being asked', async () => {
  mkdirSync(path.dirname(file));
  write(1);
  await open();
  expect(states).toEqual(['1 tokens']);
  write(2);
  await seen('2 tokens');
  await rename(file, `${file}.old`);
  await seen('token_file_missing');
  await rename(`${file}.old`, file);
  await seen('2 tokens');
});

test('a folder that comes later, or is replaced by another, is watched after the next poll', async () => {
  await open();
  expect(states.at(-1)).toBe('token_file_missing');
  mkdirSync(path.dirname(file));
  await watch?.poll();
  write(1);
  await seen('1 tokens');
  await rename(path.dirname(file), path.join(folder, 'before'));
  mkdirSync(path.dirname(file));
  await watch?.poll();
  write(3);
  await seen('3 tokens');
});

test('a look shows what was written before it was asked for, also while another is under way', async () => {
  mkdirSync(path.dirname(file));
  write(0);
  const { check } = await open({ watch: false });
  for (let count = 1; count <= 200; count += 1) {
    const earlier = check();
    write(count);
    await check();
    expect(states.at(-1)).toBe(`${count} tokens`);
    await earlier;
  }
});

test('nothing is told after close', async () => {
  mkdirSync(path.dirname(file));
  write(1);
  const { check, close } = await open();
  close();
  write(2);
  await check();
  expect(states).toEqual(['1 tokens']);
});
