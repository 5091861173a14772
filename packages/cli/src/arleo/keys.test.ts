import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openKeyFile } from '@arleo/core/signing-keys/key-file';
import { formatKeySet, makeKey } from '@arleo/core/signing-keys/key-set';
import { runArleo } from './run.ts';

describe('keys', () => {
  let folder: string;
  const key = makeKey(0);
  const run = (...args: string[]) => runArleo(['keys', ...args], { STATE_DIR: folder });
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arleo-cli-keys-'));
    await openKeyFile(folder).replace(undefined, formatKeySet([key]));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('list shows ids and times, and no key', async () => {
    const { stdout } = await run('list');
    expect(stdout).toBe(`${key.jwk.kid}  signs\n`);
    await run('rotate');
    const all = [await run('list'), await run('list', '--json'), await run('rotate'), await run('rotate', '--now')];
    for (const { stdout: text, stderr } of all) expect(text + stderr).not.toContain(key.jwk.d);
  });

  test('rotate begins a rotation, and tells of one that is under way', async () => {
    const begun = await run('rotate');
    expect(begun.stdout).toMatch(
      new RegExp(
        `^A rotation has begun.*\n${key.jwk.kid}  signs, dropped at \\S+Z\n[0-9a-f-]{36}  published, signs from \\S+Z\n$`,
      ),
    );
    const again = await run('rotate', '--json');
    expect(JSON.parse(again.stdout)).toEqual({
      state: 'under_way',
      keys: [
        { kid: key.jwk.kid, phase: 'signing', signs_from: null, ends: expect.stringMatching(/Z$/) },
        { kid: expect.any(String), phase: 'published', signs_from: expect.stringMatching(/Z$/), ends: null },
      ],
    });
  });

  test('rotate --now leaves one new key', async () => {
    await run('rotate');
    const { keys, state } = JSON.parse((await run('rotate', '--now', '--json')).stdout);
    expect({ state, phases: keys.map(({ phase }: { phase: string }) => phase) }).toEqual({
      state: 'replaced',
      phases: ['signing'],
    });
    expect(keys[0].kid).not.toBe(key.jwk.kid);
  });

  test('where there are no keys it says where it looked', async () => {
    await rm(path.join(folder, 'signing-keys.json'));
    const { stderr, exitCode } = await run('rotate');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(/signing-keys\.json.*--state/) });
    expect(await run('rotate', '--state', '')).toMatchObject({ exitCode: 2 });
  });
});
