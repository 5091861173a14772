import { generateKeyPairSync } from 'node:crypto';
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

  it('takes plain http on loopback alone, and only when told so', () => {
    const dangerously = { DANGEROUSLY_ALLOW_HTTP_ISSUER: 'true' };
    expect(() => readConfig({ ...good, PUBLIC_URL: 'http://127.0.0.1:8083' })).toThrow(/must be https/);
    expect(() => readConfig({ ...good, ...dangerously, PUBLIC_URL: 'http://example.org' })).toThrow(/must be https/);
    expect(readConfig({ ...good, ...dangerously, PUBLIC_URL: 'http://127.0.0.1:8083' }).PUBLIC_URL).toBe(
      'http://127.0.0.1:8083',
    );
  });

  it.each([
    ['TRUST_PROXY', 'foo'],
    ['ALLOWED_ORIGINS', 'https://inspector.example.org/'],
    ['TRUST_PROXY', '10.0.0.0/99'],
    ['ACTOR_KEY', keyOn('P-384')],
    ['ACTOR_KEY', '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----'],
  ])('tells in one line what is wrong with %s', (name, value) => {
    expect(() => readConfig({ ...good, [name]: value })).toThrow(
      new RegExp(`^${name}: is not [^\n]*; for example [^\n]*$`),
    );
  });
});
