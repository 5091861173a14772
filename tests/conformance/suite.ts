import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { programFile, runProgram } from '../published/program.ts';

const CONFORMANCE = ['@modelcontextprotocol/conformance', 'conformance'] as const;

/** The revisions that are tried: the last one with `initialize`, and the stateless one. */
export const REVISIONS = ['2025-11-25', '2026-07-28'] as const;
export type Revision = (typeof REVISIONS)[number];

/** One check of a scenario, as the suite reports it. */
export interface Check {
  id: string;
  status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  errorMessage?: string;
  description?: string;
}

/** The names of the suite's scenarios; `extension` ones belong to no revision. */
export function listScenarios(kind: 'server' | 'authorization', revision?: Revision): string[] {
  const filter = revision === undefined ? [] : ['--spec-version', revision];
  const text = execFileSync(process.execPath, [programFile(...CONFORMANCE), 'list', `--${kind}`, ...filter], {
    encoding: 'utf8',
  });
  return [...text.matchAll(/^ {2}- (\S+)/gm)].map(([, name = '']) => name);
}

/** Runs every server scenario of a revision, and gives each one's checks. */
export async function runServerScenarios(mcpUrl: string, revision: Revision): Promise<Map<string, Check[]>> {
  return withResults('server-', async (folder) => {
    const args = ['server', '--url', mcpUrl, '--suite', 'all', '--spec-version', revision, '-o', folder];
    await runProgram(CONFORMANCE, args, { cwd: folder }).ended;
  });
}

/** What the authorization scenarios are run with. */
export interface AuthorizationRun {
  issuer: string;
  clientId: string;
  clientSecret?: string;
  resource: string;
  /** Where the suite listens for its callback: the client's redirect URI is `http://127.0.0.1:PORT/callback`. */
  port: number;
  revision: Revision;
  /** Sends the owner's browser where the suite asks for it, and on to its callback. */
  approve(url: URL): Promise<void>;
}

/** Runs every authorization scenario of a revision, and gives each one's checks. */
export async function runAuthorizationScenarios(run: AuthorizationRun): Promise<Map<string, Check[]>> {
  return withResults('authorization-server-', async (folder) => {
    const args = ['authorization', '--url', run.issuer, '--client-id', run.clientId, '--resource', run.resource];
    if (run.clientSecret !== undefined) args.push('--client-secret', run.clientSecret);
    args.push('--port', String(run.port), '--spec-version', run.revision, '-o', folder);
    let said = '';
    let approval: Promise<void> | undefined;
    const { child, ended } = runProgram(CONFORMANCE, args, {
      cwd: folder,
      onOutput: (text) => {
        said += text;
        const asked = /^(http\S+[?&]response_type=code\S*)\n/m.exec(said)?.[1];
        if (approval || asked === undefined) return;
        // Without a callback the suite would wait for five minutes.
        approval = run.approve(new URL(asked)).finally(() => setTimeout(() => child.kill(), 60_000).unref());
        approval.catch(() => child.kill());
      },
    });
    await ended;
    await approval;
  });
}

/** Reads what a run left behind: one folder for each scenario, `checks.json` in it. */
async function withResults(prefix: string, run: (folder: string) => Promise<void>): Promise<Map<string, Check[]>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-conformance-'));
  try {
    await run(folder);
    const results = new Map<string, Check[]>();
    for (const name of await readdir(folder)) {
      const scenario = name.replace(prefix, '').replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, '');
      results.set(scenario, JSON.parse(await readFile(path.join(folder, name, 'checks.json'), 'utf8')));
    }
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
