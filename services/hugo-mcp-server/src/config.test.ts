import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readConfig } from './config.ts';

describe('configuration of hugo-mcp-server', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'arleo-config-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const pair = (name: string): { key: string; cert: string } => {
    const [key, cert] = [path.join(folder, `${name}.key`), path.join(folder, `${name}.crt`)];
    const made = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-subj',
      '/CN=hugo-mcp.internal',
    ];
    execFileSync('openssl', ['req', '-x509', ...made, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  };
  const publicKeyOn = (namedCurve: string): string =>
    generateKeyPairSync('ec', { namedCurve }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const own = pair('own');
  const other = pair('other');
  const good = {
    TLS_KEY: own.key,
    TLS_CERT: own.cert,
    TOKENS_FILE: '/var/lib/x/tokens.json',
    ACTOR_PUBLIC_KEY: publicKeyOn('P-256'),
    SITE_DIR: '/srv/site',
    STATE_DIR: '/var/lib/x',
    AUDIT_LOG: '/var/log/x.jsonl',
  };

  it('takes a key with its certificate', () => {
    expect(readConfig(good)).toMatchObject({ PORT: 8000, TLS_KEY: own.key });
  });

  it.each([
    ['TLS_KEY', 'a key of another certificate', other.key, 'is not the private key of TLS_CERT'],
    [
      'TLS_KEY',
      'what only looks like a key',
      '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----',
      'is not a private key',
    ],
    ['TLS_CERT', 'no certificate', 'nonsense', 'is not a certificate'],
    ['ACTOR_PUBLIC_KEY', 'a key on another curve', publicKeyOn('P-384'), 'is not an EC P-256 public key'],
    ['ACTOR_PUBLIC_KEY', 'a private key', own.key, 'is not an EC P-256 public key'],
  ])('tells in one line that %s is %s', (name, _what, value, problem) => {
    expect(() => readConfig({ ...good, [name]: value })).toThrow(
      new RegExp(`^${name}: ${problem}[^\\n]*; for example [^\\n]*$`),
    );
  });
});
