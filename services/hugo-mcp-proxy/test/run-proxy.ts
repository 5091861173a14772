import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AuditEvent } from '@arleo/core/audit/event';

const run = promisify(execFile);
const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const bundler = fileURLToPath(new URL('../../../scripts/bundle.mjs', import.meta.url));

/** Key and certificate, PEM. */
export interface Identity {
  key: string;
  cert: string;
}

/** A running hugo-mcp-proxy. */
export interface RunningProxy {
  url: string;
  process: ChildProcess;
  /** Everything on standard output and standard error so far. */
  output(): string;
  /** Resolves with the exit code once it has ended. */
  ended: Promise<number | null>;
  /** The events in its audit log so far. */
  audit(): Promise<AuditEvent[]>;
  /** The first event of the audit log that fits, as soon as it is there. */
  audited(fits: (event: AuditEvent) => boolean): Promise<AuditEvent>;
  /** Resolves with the first line of its log that fits. */
  logged(fits: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
}

/** How a start ended that never came to listen. */
export interface FailedStart {
  code: number | null;
  stderr: string;
}

/** Builds the service as it is delivered, and runs it. `dispose` ends what still runs and removes the folder. */
export async function openProxyWorkshop() {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-hugo-mcp-proxy-'));
  const bundle = path.join(folder, 'dist');
  await run(process.execPath, [bundler, `--out=${bundle}`, 'src/main.ts'], { cwd: packageFolder });
  const running = new Set<ChildProcess>();
  let made = 0;

  function launch(environment: Readonly<Record<string, string>>): ChildProcess {
    const child = spawn(process.execPath, [path.join(bundle, 'main.js')], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    child.once('close', () => running.delete(child));
    return child;
  }

  return {
    folder,
    async dispose(): Promise<void> {
      for (const child of running) {
        const closed = once(child, 'close');
        child.kill('SIGKILL');
        await closed;
      }
      await rm(folder, { recursive: true, force: true });
    },

    /** A self-signed certificate for loopback. */
    async identity(names = 'DNS:localhost,IP:127.0.0.1'): Promise<Identity> {
      made += 1;
      const [key, cert] = [path.join(folder, `${made}.key`), path.join(folder, `${made}.crt`)];
      const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
      const subject = ['-subj', '/CN=hugo-mcp.internal', '-addext', `subjectAltName=${names}`];
      await run('openssl', ['req', '-x509', '-days', '2', ...kind, ...subject, '-keyout', key, '-out', cert]);
      return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
    },

    /** Starts and waits until it listens. */
    async start(environment: Readonly<Record<string, string>>): Promise<RunningProxy> {
      made += 1;
      const auditFile = path.join(folder, `audit-${made}`, 'audit.jsonl');
      const child = launch({ PORT: '0', AUDIT_LOG: auditFile, ...environment });
      const lines: string[] = [];
      const listeners = new Set<() => void>();
      for (const stream of [child.stdout, child.stderr]) {
        if (!stream) throw new Error('no output');
        createInterface({ input: stream }).on('line', (line) => {
          lines.push(line);
          for (const listener of listeners) listener();
        });
      }
      const ended = once(child, 'close').then(([code]) => code as number | null);
      const logged: RunningProxy['logged'] = (fits) =>
        new Promise((resolve, reject) => {
          let seen = 0;
          const look = (): void => {
            for (; seen < lines.length; seen += 1) {
              const line = parsed(lines[seen]);
              if (!line || !fits(line)) continue;
              listeners.delete(look);
              resolve(line);
              return;
            }
          };
          listeners.add(look);
          look();
          void ended.then(() => reject(new Error(`it ended first: ${lines.join('\n')}`)));
        });
      const audit = async (): Promise<AuditEvent[]> =>
        (await readFile(auditFile, 'utf8'))
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line));
      const { url } = await logged(({ message }) => message === 'ready');
      return {
        url: String(url),
        process: child,
        output: () => lines.join('\n'),
        ended,
        audit,
        logged,
        async audited(fits) {
          for (;;) {
            const found = (await audit()).find(fits);
            if (found) return found;
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        },
      };
    },

    /** Starts with something that lets it not start, and waits for its end. */
    async failedStart(environment: Readonly<Record<string, string>>): Promise<FailedStart> {
      const child = launch(environment);
      let stderr = '';
      child.stderr?.setEncoding('utf8').on('data', (text) => {
        stderr += text;
      });
      const [code] = await once(child, 'close');
      return { code, stderr };
    },
  };
}

function parsed(line: string | undefined): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line ?? '');
  } catch {
    return undefined;
  }
}
