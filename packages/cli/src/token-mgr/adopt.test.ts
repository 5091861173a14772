import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { mintToken } from '@arleo/core/tokens/token';
import { runTokenMgr } from './run.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'adopt-'));
  file = path.join(folder, 'tokens.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (...args: string[]) => runTokenMgr(args, { TOKENS_FILE: file }, Date.now);
const stored = async () => JSON.parse(await readFile(file, 'utf8')).tokens;

/** Has a token of the label adopted, from a file as it stands on a host. */
async function adopt(token: string, label = 'hop', ...more: string[]) {
  const secret = path.join(folder, 'secret');
  await writeFile(secret, `${token}\n`);
  const { stdout, stderr, exitCode } = await run('adopt', '--label', label, '--token-file', secret, '--json', ...more);
  return exitCode === 0 ? JSON.parse(stdout).tokens[0] : { exitCode, ...JSON.parse(stderr) };
}

test('a token is taken in once, however often it is asked for, and its secret is nowhere', async () => {
  const { token, secret } = mintToken();
  expect(await adopt(token, 'hop', '--scope', 'site:pull')).toEqual({
    id: 'tok_main_001',
    label: 'hop',
    state: 'added',
    revoked: [],
  });
  const before = await readFile(file, 'utf8');
  expect(before).not.toContain(secret);
  expect(await adopt(token)).toMatchObject({ id: 'tok_main_001', state: 'kept' });
  expect(await readFile(file, 'utf8')).toBe(before);
  expect((await stored())[0].scopes).toEqual(['site:pull']);
});

test('another token of the label takes its place, and those of other labels stay', async () => {
  const [old, other, next] = [mintToken(), mintToken(), mintToken()];
  await adopt(old.token);
  await adopt(other.token, 'other');
  expect(await adopt(next.token)).toMatchObject({ state: 'added', revoked: ['tok_main_001'] });
  expect((await stored()).map(({ revoked_at }: { revoked_at?: string }) => revoked_at !== undefined)).toEqual([
    true,
    false,
    false,
  ]);
  // What was revoked is not brought back by running an installer again.
  expect(await adopt(old.token)).toMatchObject({ exitCode: 1, error: { code: 'token_ended' } });
});

test('the active tokens of another file are taken in without their secrets', async () => {
  const [first, second] = [mintToken(), mintToken()];
  await adopt(first.token);
  await adopt(second.token, 'webhook', '--scope', 'site:pull');
  const there = path.join(folder, 'there.json');
  const take = async () => JSON.parse((await run('adopt', '--from', file, '--file', there, '--json')).stdout).tokens;
  expect(await take()).toMatchObject([
    { label: 'hop', state: 'added' },
    { label: 'webhook', state: 'added' },
  ]);
  expect(await take()).toMatchObject([{ state: 'kept' }, { state: 'kept' }]);
  const next = mintToken();
  await adopt(next.token);
  expect(await take()).toMatchObject([
    { label: 'webhook', state: 'kept' },
    { label: 'hop', state: 'added', revoked: ['tok_main_001'] },
  ]);
  const copied = JSON.parse(await readFile(there, 'utf8')).tokens;
  expect(copied.map(({ lookup, scopes }: Record<string, unknown>) => [lookup, scopes])).toEqual([
    [first.lookup, ['content:read', 'content:write', 'site:admin']],
    [second.lookup, ['site:pull']],
    [next.lookup, ['content:read', 'content:write', 'site:admin']],
  ]);
});

test('what is no token, and half a command, change nothing', async () => {
  expect(await adopt('hmcp_nothing')).toMatchObject({ error: { code: 'token_malformed' } });
  expect(await run('adopt')).toMatchObject({ exitCode: 2 });
  expect(await run('adopt', '--label', 'x')).toMatchObject({ exitCode: 2 });
  expect(await run('adopt', '--from', file, '--label', 'x')).toMatchObject({ exitCode: 2 });
  expect(await run('adopt', '--label', 'x', '--token-file', path.join(folder, 'none'))).toMatchObject({ exitCode: 2 });
  await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
});
