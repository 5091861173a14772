import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readConfig } from './config.ts';

const keyOn = (namedCurve: string): string =>
  generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const good = {
  PUBLIC_URL: 'https://mcp.example.org',
  UPSTREAM_URL: 'http://127.0.0.1:8084',
  MCP_TOKEN: `hmcp_${'a'.repeat(16)}_${'b'.repeat(64)}`,
  TOKEN_SECRET: 'c'.repeat(64),
  ACTOR_KEY: keyOn('P-256'),
  OWNER_FILE: '/etc/owner.json',
  STATE_DIR: '/var/lib/x',
  AUDIT_LOG: '/var/log/x.jsonl',
};

describe('configuration of oauth-proxy', () => {
  it('has sensible defaults', () => {
    expect(readConfig(good)).toMatchObject({
      HOST: '127.0.0.1',
      PORT: 8083,
      RATE_LIMIT_PER_ADDRESS: 60,
      RATE_LIMIT_PROGRAMS: 600,
      RATE_LIMIT_REGISTRATIONS: 200,
      RATE_LIMIT_PER_SUBJECT: 600,
      ALLOWED_ORIGINS: [],
    });
  });

  it('names every faulty variable at once, each with an example, and shows no value', () => {
    const read = () =>
      readConfig({ ...good, MCP_TOKEN: 'hunter2', TOKEN_SECRET: 'hunter2', STATE_DIR: 'relative', PORT: 'x' });
    expect(read).toThrow(
      /^PORT: [^\n]*example[^\n]*\nMCP_TOKEN: [^\n]*example[^\n]*\nTOKEN_SECRET: [^\n]*\nSTATE_DIR: /,
    );
    expect(read).not.toThrow(/hunter2/);
  });

  it.each([
    'https://mcp.example.org/',
    'https://mcp.example.org/x',
    'mcp.example.org',
    'ftp://x',
    'https://a@b.example',
  ])('refuses %s as PUBLIC_URL', (PUBLIC_URL) => {
    expect(() => readConfig({ ...good, PUBLIC_URL })).toThrow(/PUBLIC_URL/);
  });

  it.each([
    'redis://127.0.0.1:6379/0',
    'redis://:p%40ss@redis.example.org',
    'rediss://arleo:hunter2hunter2@[2001:db8::1]:6380/12',
  ])('takes %s as STATE_URL, which may be left out', (STATE_URL) => {
    expect(readConfig({ ...good, STATE_URL }).STATE_URL).toBe(STATE_URL);
    expect(readConfig(good).STATE_URL).toBeUndefined();
  });

  it.each([
    'hunter2hunter2',
    'http://:hunter2hunter2@127.0.0.1:6379',
    'redis:///hunter2hunter2.sock',
    'redis://:hunter2hunter2@x/name',
    'redis://:hunter2hunter2@x/0?enableOfflineQueue=true',
    'redis://:hunter2hunter2@x/0#y',
  ])('refuses %s as STATE_URL, and does not show it', (STATE_URL) => {
    const read = () => readConfig({ ...good, STATE_URL });
    expect(read).toThrow(/^STATE_URL: is not a redis:/);
    expect(read).not.toThrow(/hunter2/);
  });

  it('takes plain http on loopback alone, and only when told so', () => {
    const dangerously = { DANGEROUSLY_ALLOW_HTTP_ISSUER: 'true' };
    expect(() => readConfig({ ...good, PUBLIC_URL: 'http://127.0.0.1:8083' })).toThrow(/must be https/);
    expect(() => readConfig({ ...good, ...dangerously, PUBLIC_URL: 'http://example.org' })).toThrow(/must be https/);
    expect(readConfig({ ...good, ...dangerously, PUBLIC_URL: 'http://127.0.0.1:8083' }).PUBLIC_URL).toBe(
      'http://127.0.0.1:8083',
    );
  });

  const client = { CLIENT_ID: 'claude', CLIENT_SECRET: 'd'.repeat(32) };

  it.each([
    ['id without secret', { CLIENT_ID: 'claude' }, 'CLIENT_ID: is given without CLIENT_SECRET'],
    ['secret without id', { CLIENT_SECRET: client.CLIENT_SECRET }, 'CLIENT_SECRET: is given without CLIENT_ID'],
    [
      'callbacks without client',
      { CLIENT_REDIRECT_URIS: 'https://a.example/cb' },
      'CLIENT_REDIRECT_URIS: is given without',
    ],
    ['a short secret', { ...client, CLIENT_SECRET: 'd'.repeat(31) }, 'CLIENT_SECRET: is not 32 to 200'],
    [
      'a secret that Basic would change',
      { ...client, CLIENT_SECRET: '+'.repeat(32) },
      'CLIENT_SECRET: is not 32 to 200',
    ],
    ['an id like those that are registered', { ...client, CLIENT_ID: 'client_1' }, 'CLIENT_ID: is not'],
    ['an id that is an address', { ...client, CLIENT_ID: 'https://a.example' }, 'CLIENT_ID: is not'],
    [
      'a callback in the clear',
      { ...client, CLIENT_REDIRECT_URIS: 'http://a.example/cb' },
      'CLIENT_REDIRECT_URIS: is not',
    ],
  ])('refuses a client of the owner with %s', (_what, environment, problem) => {
    expect(() => readConfig({ ...good, ...environment })).toThrow(problem);
  });

  it('takes a client of the owner, its secret from a file too', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'arleo-config-'));
    const file = path.join(folder, 'secret');
    await writeFile(file, `${client.CLIENT_SECRET}\n`);
    const environment = { ...good, CLIENT_ID: 'claude', CLIENT_SECRET_FILE: file };
    expect(readConfig(environment)).toMatchObject({ ...client, CLIENT_REDIRECT_URIS: [] });
    await rm(folder, { recursive: true });
  });

  it.each([
    ['TRUST_PROXY', 'foo'],
    ['ALLOWED_ORIGINS', 'https://inspector.example.org/'],
    ['TRUST_PROXY', '10.0.0.0/99'],
    ['REDIRECT_HOSTS', 'https://app.example.org'],
    ['REDIRECT_HOSTS', '*.example.org'],
    ['REDIRECT_HOSTS', 'App.example.org'],
    ['REDIRECT_HOSTS', 'app.example.org/cb?x=1'],
    ['REDIRECT_HOSTS', 'app.example.org/cb*'],
    ['REDIRECT_SCHEMES', 'my-app:'],
    ['REDIRECT_SCHEMES', 'javascript'],
    ['REDIRECT_SCHEMES', 'web+mcp'],
    ['ACTOR_KEY', keyOn('P-384')],
    ['ACTOR_KEY', '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----'],
  ])('tells in one line what is wrong with %s', (name, value) => {
    expect(() => readConfig({ ...good, [name]: value })).toThrow(
      new RegExp(`^${name}: is not [^\n]*; for example [^\n]*$`),
    );
  });
});
