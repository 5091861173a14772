import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type StateLayout, stateLayout } from './layout.ts';
import { type PreparedState, prepareState } from './prepare-state.ts';

let folder: string;
let layout: StateLayout;
let first: PreparedState;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-state-'));
  layout = stateLayout(folder);
  first = await prepareState(layout, undefined);
});
afterAll(() => rm(folder, { recursive: true }));

const secretFiles = () => [
  layout.passphrase,
  layout.owner,
  layout.tokenSecret,
  layout.mcpToken,
  layout.pullToken,
  layout.webhookSecret,
  layout.actorKey,
  layout.actorPublicKey,
  layout.tlsKey,
  layout.tlsCert,
  layout.tokens,
];
const readAll = () => Promise.all(secretFiles().map((file) => readFile(file, 'utf8')));

/** Runs with one file changed, and puts it back. */
async function changed<T>(file: string, content: string | undefined, act: () => Promise<T>): Promise<T> {
  const before = await readFile(file);
  if (content === undefined) await rm(file);
  else await writeFile(file, content);
  try {
    return await act();
  } finally {
    await writeFile(file, before);
  }
}

test('makes every secret, readable by its owner alone', async () => {
  expect(first.passphrase).toMatch(/^[a-z2-9]{4}(-[a-z2-9]{4}){4}$/);
  expect(first.mcpToken).toMatch(/^hmcp_[0-9a-f]{16}_[0-9a-f]{64}$/);
  for (const file of secretFiles()) {
    expect({ file, mode: ((await stat(file)).mode & 0o777).toString(8) }).toEqual({ file, mode: '600' });
  }
  expect((await readdir(layout.exampleSite)).sort()).toContain('content');
});

test('a second run keeps every secret', async () => {
  const before = await readAll();
  expect(await prepareState(layout, undefined)).toEqual({ ...first, certificateOutcome: 'kept' });
  expect(await readAll()).toEqual(before);
});

test('leaves the pages of the example site as they are', async () => {
  const page = path.join(layout.exampleSite, 'content/_index.en.md');
  await changed(page, 'edited', async () => {
    await prepareState(layout, undefined);
    expect(await readFile(page, 'utf8')).toBe('edited');
  });
});

test('completes what is missing: public key, token file, webhook secret', async () => {
  const publicKey = await readFile(layout.actorPublicKey, 'utf8');
  await rm(layout.actorPublicKey);
  await rm(layout.tokens);
  await rm(layout.webhookSecret);
  const completed = await prepareState(layout, undefined);
  expect(await readFile(layout.actorPublicKey, 'utf8')).toBe(publicKey);
  expect(completed.mcpToken).toBe(first.mcpToken);
  expect(JSON.parse(await readFile(layout.tokens, 'utf8')).tokens).toHaveLength(2);
  expect(JSON.parse(await readFile(layout.tokens, 'utf8')).tokens[1]).toMatchObject({ scopes: ['site:pull'] });
  expect(completed.webhookSecret).toMatch(/^[0-9a-f]{64}$/);
});

test.each<[string, keyof StateLayout & string, string | undefined]>([
  ['a token secret that is cut short', 'tokenSecret', 'abc'],
  ['a passphrase that is not the one of the hash', 'passphrase', 'aaaa-bbbb-cccc-dddd-eeee\n'],
  ['a passphrase that is gone', 'passphrase', undefined],
  ['an owner file that is no JSON', 'owner', '{'],
  ['a hop token that is none', 'mcpToken', 'hmcp_'],
  ['a hop token that nobody knows', 'mcpToken', `hmcp_${'0'.repeat(16)}_${'0'.repeat(64)}\n`],
  ['an actor key that is none', 'actorKey', 'x'],
  ['a public key of another actor', 'actorPublicKey', 'x'],
])('refuses %s, and says what to do', async (_, name, content) => {
  await changed(layout[name] as string, content, () =>
    expect(prepareState(layout, undefined)).rejects.toMatchObject({
      code: 'state_damaged',
      hint: expect.stringContaining('rm '),
    }),
  );
});

test('a webhook secret that is being rotated is two lines, of which the first is told', async () => {
  const [fresh, old] = ['f'.repeat(64), 'o'.repeat(64)];
  await changed(layout.webhookSecret, `${fresh}\n${old}\n`, async () => {
    expect((await prepareState(layout, undefined)).webhookSecret).toBe(fresh);
  });
  await changed(layout.webhookSecret, 'short', () =>
    expect(prepareState(layout, undefined)).rejects.toMatchObject({ code: 'state_damaged' }),
  );
});

test('the branch is that of the site’s own repository, not of one above it', async () => {
  const git = (...args: string[]) => promisify(execFile)('git', ['-C', folder, ...args]);
  await git('init', '--quiet', '--initial-branch=above');
  expect((await prepareState(layout, undefined)).branch).toBe('main');
  await git('init', '--quiet', '--initial-branch=trunk', layout.exampleSite);
  expect((await prepareState(layout, undefined)).branch).toBe('trunk');
});

test('another site gets a state of its own beside the first', () => {
  expect(layout.serverState('/srv/blog')).not.toBe(layout.serverState('/srv/other/blog'));
  expect(layout.serverState('/srv/blog')).toMatch(/hugo-mcp-server\/blog-[0-9a-f]{8}$/);
});
