import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { ConfigError, loadConfig } from './load-config.ts';
import { absolutePath, certificate, common, count, flag, hopToken, list, port, sha256Hex, url } from './variables.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const schema = z.object({
  ...common,
  PORT: port(8084),
  UPSTREAM_URL: url(['https'], 'https://192.168.122.69:8000'),
  MCP_TOKEN: hopToken,
  SHA256: sha256Hex.optional(),
  NAMES: list('a', 'a,b').transform((names) => names.length),
  INSECURE: flag(false),
});
const token = `hmcp_${'0'.repeat(16)}_${'a'.repeat(64)}`;
const good = { UPSTREAM_URL: 'https://127.0.0.1:8000', MCP_TOKEN: token };

function faults(environment: Record<string, string | undefined>, of: z.ZodObject = schema): string[] {
  try {
    loadConfig(of, environment);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: 'config_invalid' });
    return (error as ConfigError).message.split('\n');
  }
}

async function file(content: string): Promise<string> {
  const name = path.join(folder, `${Math.random()}`);
  await writeFile(name, content);
  return name;
}

test('reads the values, fills in the defaults and freezes', () => {
  const config = loadConfig(schema, { ...good, PORT: '9000', LOG_LEVEL: '', OTHER: 'ignored' });
  expect(config).toEqual({
    HOST: '127.0.0.1',
    PORT: 9000,
    LOG_LEVEL: 'info',
    AUDIT_LOG_BYTES: 16_777_216,
    AUDIT_LOG_FILES: 60,
    MAX_BODY_BYTES: 16 * 1024 * 1024,
    DRAIN_SECONDS: 130,
    UPSTREAM_URL: new URL('https://127.0.0.1:8000'),
    MCP_TOKEN: token,
    NAMES: 1,
    INSECURE: false,
  });
  expect(Object.isFrozen(config)).toBe(true);
});

test('reports all faults together, one line each, with an example', () => {
  const lines = faults({
    PORT: '70000',
    UPSTREAM_URL: 'http://x',
    SHA256: 'zz',
    LOG_LEVEL: 'loud',
    MAX_BODY_BYTES: '1.5',
  });
  expect(lines).toEqual([
    'LOG_LEVEL: is not one of error, warn, info, debug; for example LOG_LEVEL=info',
    'MAX_BODY_BYTES: is not a whole number; for example MAX_BODY_BYTES=16777216',
    'PORT: is not a port (0 to 65535); for example PORT=8084',
    'UPSTREAM_URL: is not a plain https URL (no user, query or fragment); for example UPSTREAM_URL=https://192.168.122.69:8000',
    'MCP_TOKEN: is missing; for example MCP_TOKEN=hmcp_<16 hex digits>_<64 hex digits>',
    'SHA256: is not a SHA-256 in hex; for example SHA256=64 hex digits',
  ]);
});

test('never shows a value, even when the schema would', () => {
  const telling = z.object({
    SECRET: z.string().refine(() => false, { error: (issue) => `${String(issue.input)} is wrong` }),
    TOKEN: hopToken,
  });
  const lines = faults({ SECRET: 'hunter22', TOKEN: 'hmcp_truncated' }, telling);
  expect(lines.join('\n')).not.toMatch(/hunter22|truncated/);
  expect(lines).toHaveLength(2);
});

describe('NAME_FILE', () => {
  test('gives the content less one trailing line feed', async () => {
    const read = async (content: string) => {
      const environment = { A_FILE: await file(content) };
      return loadConfig(z.object({ A: z.string() }), environment).A;
    };
    expect(await read('secret\n')).toBe('secret');
    expect(await read('secret\r\n')).toBe('secret');
    expect(await read('secret\n\n')).toBe('secret\n');
    expect(await read(' secret ')).toBe(' secret ');
  });

  test('is checked like the variable itself', async () => {
    const MCP_TOKEN_FILE = await file(`${token}\n`);
    expect(loadConfig(schema, { UPSTREAM_URL: good.UPSTREAM_URL, MCP_TOKEN_FILE }).MCP_TOKEN).toBe(token);
    const wrong = await file('secret-but-wrong');
    const [line] = faults({ UPSTREAM_URL: good.UPSTREAM_URL, MCP_TOKEN_FILE: wrong });
    expect(line).toBe(
      'MCP_TOKEN: is not a token as token-mgr prints it; for example MCP_TOKEN=hmcp_<16 hex digits>_<64 hex digits>',
    );
  });

  test.each([
    ['that does not exist', async () => '/nowhere/at/all', /cannot be read from the file .*nowhere.*: ENOENT/],
    ['that is a folder', async () => folder, /cannot be read from .*: EISDIR/],
    ['that is empty', () => file('\n'), /is empty in the file that MCP_TOKEN_FILE names/],
    ['that is far too long', () => file('x'.repeat(70_000)), /is too long in the file/],
  ])('a file %s is a fault of the variable', async (_, make, problem) => {
    const lines = faults({ UPSTREAM_URL: good.UPSTREAM_URL, MCP_TOKEN_FILE: await make() });
    expect(lines).toEqual([expect.stringMatching(problem)]);
  });

  test('beside the variable itself is a fault: which of them counts?', async () => {
    const lines = faults({ ...good, MCP_TOKEN_FILE: await file(token) });
    expect(lines).toEqual([expect.stringMatching(/^MCP_TOKEN: is given twice/)]);
  });

  test('of a variable that is itself named _FILE is that variable', () => {
    const config = loadConfig(z.object({ OWNER_FILE: absolutePath('/etc/owner.json') }), { OWNER_FILE: '/tmp/owner' });
    expect(config.OWNER_FILE).toBe('/tmp/owner');
  });
});

describe('variables', () => {
  const accepts = (field: z.ZodType, value: string) => faults({ X: value }, z.object({ X: field })).length === 0;

  test.each<[string, z.ZodType, string[], string[]]>([
    ['port', port(1), ['0', '65535'], ['-1', '65536', 'x', '1.5', '0x', 'NaN']],
    ['count', count(5), ['1', '99'], ['0', '-1', 'many', '1e400']],
    ['listen host', common.HOST, ['127.0.0.1', '::1', 'localhost', '0.0.0.0'], ['a b', 'http://x', 'x/y']],
    [
      'url',
      url(['https'], 'x'),
      ['https://a', 'https://a:1/b'],
      ['http://a', 'a', 'https://u:p@a', 'https://a?b', 'https://a#b'],
    ],
    ['absolute path', absolutePath('/x'), ['/a/b'], ['a/b', './a', '/a\0b']],
    ['hop token', hopToken, [token], [token.slice(1), token.toUpperCase(), `${token} `, `${token}\n`]],
    ['certificate', certificate, [], ['x', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----']],
    ['sha256', sha256Hex, ['ab'.repeat(32), 'AB:'.repeat(32).slice(0, -1)], ['ab', 'zz'.repeat(32)]],
    ['flag', flag(false), ['true', 'false'], ['yes', '1', 'TRUE']],
  ])('%s', (_, field, right, wrong) => {
    expect(right.filter((value) => !accepts(field, value))).toEqual([]);
    expect(wrong.filter((value) => accepts(field, value))).toEqual([]);
  });
});
