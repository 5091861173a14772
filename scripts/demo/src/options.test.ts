import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseOptions } from './options.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-options-'));
  await writeFile(path.join(folder, 'hugo.toml'), '');
});
afterAll(() => rm(folder, { recursive: true }));

test('uses the ports of the quick start when none are asked for', () => {
  expect(parseOptions([]).ports).toEqual({
    'oauth-proxy': 8083,
    'hugo-mcp-proxy': 8084,
    'hugo-mcp-server': 8000,
    site: 8080,
  });
});

test('counts four ports up from --port-base', () => {
  expect(parseOptions(['--port-base', '9100']).ports).toEqual({
    'oauth-proxy': 9100,
    'hugo-mcp-proxy': 9101,
    'hugo-mcp-server': 9102,
    site: 9103,
  });
});

test('takes a Hugo site and a state folder', () => {
  const options = parseOptions(['--site', folder, '--state', 'here', '--json', '--smoke']);
  expect(options).toMatchObject({ site: folder, state: path.resolve('here'), json: true, smoke: true });
});

test('takes a public address, with or without a slash at its end', () => {
  expect(parseOptions(['--public-url', 'https://Mcp.Example.org/']).publicUrl).toBe('https://mcp.example.org');
});

test.each([
  ['a public address without https', ['--public-url', 'http://mcp.example.org']],
  ['a public address with a path', ['--public-url', 'https://mcp.example.org/mcp']],
  ['a public address that is none', ['--public-url', 'mcp.example.org']],
  ['a public address for the smoke test', ['--smoke', '--public-url', 'https://mcp.example.org']],
  ['an unknown option', ['--sight', 'x']],
  ['a missing value', ['--state']],
  ['a stray argument', ['mysite']],
  ['a port that is no number', ['--port-base', '80a']],
  ['a port out of range', ['--port-base', '65533']],
  ['port 0', ['--port-base', '0']],
  ['a site that is not there', ['--site', '/nonexistent/site']],
  ['a folder that is no Hugo site', ['--site', tmpdir()]],
])('refuses %s with a hint', (_, args) => {
  expect(() => parseOptions(args)).toThrow(
    expect.objectContaining({ code: 'usage', hint: 'See: scripts/demo.sh --help' }),
  );
});
