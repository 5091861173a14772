import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
const PASSPHRASE = 'trombone-vitrail-castor-levure';

let folder: string;
let program: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-terminal-'));
  const bundle = path.join(packageRoot, '../../scripts/bundle.mjs');
  await exec(process.execPath, [bundle, `--out=${folder}/dist`, 'src/arleo.ts'], { cwd: packageRoot });
  program = path.join(folder, 'dist/arleo.js');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The program as it is shipped, in a real terminal of its own (script, util-linux): each answer follows its question. */
async function inTerminal(args: string, dialogue: [question: string, typed: string][]) {
  const child = spawn('script', ['-qec', `${process.execPath} ${program} ${args}`, '/dev/null'], {
    env: { PATH: process.env.PATH, TERM: 'xterm' },
  });
  let shown = '';
  const left = [...dialogue];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const [next] = left;
    if (next && shown.endsWith(next[0])) {
      left.shift();
      child.stdin.write(next[1]);
    }
  });
  const status = await new Promise((resolve) => child.once('close', resolve));
  return { shown, status, unasked: left.map(([question]) => question) };
}

test('a passphrase is typed twice in a terminal, and is seen nowhere', async () => {
  const file = path.join(folder, 'owner.json');
  const { shown, status, unasked } = await inTerminal(`owner set-passphrase --file ${file}`, [
    ['New passphrase: ', `${PASSPHRASE}\r`],
    ['The same again: ', `${PASSPHRASE}\r`],
  ]);
  expect({ status, unasked }).toEqual({ status: 0, unasked: [] });
  expect(shown).not.toContain('trombone');
  expect(shown).toContain('The passphrase is set in');
  expect(JSON.parse(await readFile(file, 'utf8')).passphrase_hash).toMatch(/^\$2b\$12\$/);
});

test('Ctrl-C and Ctrl-D end a question, and nothing was done', async () => {
  for (const key of ['\u0003', '\u0004']) {
    const file = path.join(folder, 'never.json');
    const { shown, status } = await inTerminal(`owner set-passphrase --file ${file}`, [['New passphrase: ', key]]);
    expect(status).toBe(1);
    expect(shown).toContain('Cancelled; nothing was changed.');
    await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
  }
});

test('a pipe gives the answers with --stdin, and is not taken for a person without', async () => {
  const file = path.join(folder, 'piped.json');
  const run = (...args: string[]) => {
    const promise = exec(process.execPath, [program, 'owner', 'set-passphrase', '--file', file, ...args]);
    promise.child.stdin?.end(`${PASSPHRASE}\r\n`);
    return promise;
  };
  await expect(run()).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('there is no terminal') });
  expect((await run('--stdin')).stdout).toContain('The passphrase is set');
});
