import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The commands that the documents tell an owner to type, held to the programs as they are delivered. */
const root = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENTS = ['README.md', 'docs/runbook.md', 'docs/doctor.md', 'infra/README.md', 'infra/cloudflare/README.md'];
const PROGRAMS: Readonly<Record<string, (words: readonly string[]) => string>> = {
  arleo: (words) => help(process.execPath, 'packages/cli/dist/arleo.js', 'help', ...words),
  'token-mgr': (words) => help(process.execPath, 'packages/cli/dist/token-mgr.js', ...words, '--help'),
  'install.sh': () => help('scripts/install.sh', '--help'),
  'backup.sh': () => help('scripts/backup.sh', '--help'),
  'restore.sh': () => help('scripts/restore.sh', '--help'),
};

const said = new Map<string, string>();
function help(program: string, ...args: string[]): string {
  const key = [program, ...args].join(' ');
  const known =
    said.get(key) ?? execFileSync(program, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  said.set(key, known);
  return known;
}

/** Every command in the code of a document: program and arguments, up to the next one on the line. */
function commands(document: string): string[][] {
  const text = readFileSync(path.join(root, document), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.split('\n'));
  const inline = [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`]+)`/g)].map(([, code = '']) =>
    code.replace(/\s+/g, ' '),
  );
  return [...blocks, ...inline]
    .flatMap((line) => line.replace(/(?:^|\s)#.*$/, '').split(/&&|\|\||[|;]/))
    .map((command) =>
      command
        .trim()
        .split(/\s+/)
        .filter((word) => word !== 'sudo'),
    )
    .map((words) => (words[0] === 'ssh' ? words.slice(2) : words))
    .filter(([first = '']) => path.basename(first) in PROGRAMS);
}

const all = DOCUMENTS.flatMap((document) => commands(document).map((words) => [document, words.join(' ')] as const));

it('commands are found in the documents', () => {
  const told = new Set(all.map(([, command]) => path.basename(command.split(' ', 1)[0] ?? '')));
  expect([...told]).toEqual(expect.arrayContaining(['arleo', 'token-mgr', 'install.sh', 'restore.sh']));
  expect(all.length).toBeGreaterThan(50);
});

it.each(all)('%s: %s', (_document, command) => {
  const [program = '', ...args] = command.split(' ');
  const name = path.basename(program);
  const end = args.findIndex((arg) => !/^[a-z][a-z-]*$/.test(arg));
  const words = end === -1 ? args : args.slice(0, end);
  const text = PROGRAMS[name]?.(words) ?? '';
  // A command that is not there answers with an overview, or fails.
  if (name === 'arleo' && words.length > 0) expect(text).toMatch(new RegExp(`(?:arleo|^ ) ${words.join(' ')}\\b`, 'm'));
  if (name === 'token-mgr' && words.length > 0) expect(text).toContain(`token-mgr ${words[0]}`);
  const options = args.filter((arg) => /^--?[a-z]/.test(arg)).map((arg) => arg.replace(/=.*$/, ''));
  for (const option of options) expect(text.split(/[\s,[\]|(]+/)).toContain(option);
});

/** Where the scripts are, on a host or in an unpacked release: in code to be copied they stand with their path. */
const PLACES = [
  '/usr/local/lib/arleo/',
  '/usr/local/lib/arleo-releases/RELEASE/arleo/',
  '/root/arleo-VERSION/arleo/',
  './',
];

it('the runbook names a script by a path that is there', () => {
  const text = readFileSync(path.join(root, 'docs/runbook.md'), 'utf8');
  const scripts = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    [...block.matchAll(/[^\s`]*\b(?:install|backup|restore)\.sh\b/g)].map(([script]) => script),
  );
  expect(scripts.length).toBeGreaterThan(1);
  for (const script of scripts) expect(PLACES).toContain(script.slice(0, script.lastIndexOf('/') + 1));
});
