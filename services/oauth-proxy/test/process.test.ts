import { execFile, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

describe('the process of oauth-proxy, as it is delivered', () => {
  let folder: string;
  let environment: Record<string, string>;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arleo-oauth-process-'));
    const bundler = fileURLToPath(new URL('../../../scripts/bundle.mjs', import.meta.url));
    const cwd = fileURLToPath(new URL('..', import.meta.url));
    await run(process.execPath, [bundler, `--out=${path.join(folder, 'dist')}`, 'src/main.ts'], { cwd });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    environment = {
      PORT: '0',
      PUBLIC_URL: 'https://mcp.example.org',
      UPSTREAM_URL: 'http://127.0.0.1:9',
      MCP_TOKEN: `hmcp_${'a'.repeat(16)}_${'b'.repeat(64)}`,
      TOKEN_SECRET: 'c'.repeat(64),
      ACTOR_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      OWNER_FILE: path.join(folder, 'owner.json'),
      STATE_DIR: path.join(folder, 'state'),
      AUDIT_LOG: path.join(folder, 'audit.jsonl'),
    };
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Runs it until it ends by itself, or, once it is ready, by SIGTERM. */
  const launch = (changes: Record<string, string> = {}) =>
    new Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>((resolve) => {
      const child = spawn(process.execPath, [path.join(folder, 'dist/main.js')], {
        env: { ...environment, ...changes },
      });
      const output = { stdout: '', stderr: '' };
      child.stdout.on('data', (chunk) => {
        output.stdout += chunk;
        if (output.stdout.includes('"ready"')) child.kill('SIGTERM');
      });
      child.stderr.on('data', (chunk) => {
        output.stderr += chunk;
      });
      child.once('close', (code, signal) => resolve({ code, signal, ...output }));
    });

  it('says nothing but lines of JSON', async () => {
    const { code, stdout, stderr } = await launch();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ service: 'oauth-proxy' });
  });

  it('says in one line for each variable what keeps it from starting, and nothing else', async () => {
    const { code, stdout, stderr } = await launch({ TRUST_PROXY: 'foo', ACTOR_KEY: 'nonsense' });
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    const [title, ...lines] = stderr.trimEnd().split('\n');
    expect(title).toBe('oauth-proxy: the configuration is not complete:');
    expect(lines.map((line) => line.trim().split(':')[0])).toEqual(['ACTOR_KEY', 'TRUST_PROXY']);
  });

  it('says what to do when its state is damaged, instead of dying of a signal', async () => {
    const state = path.join(folder, 'damaged');
    await mkdir(state);
    await writeFile(path.join(state, 'oauth.lmdb'), 'hello\n');
    const { code, signal, stderr } = await launch({ STATE_DIR: state });
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(stderr).toMatch(/^oauth-proxy: The state in .* \(state_damaged\)\n {2}Put the file back from a backup/);
  });
});
