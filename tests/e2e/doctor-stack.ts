import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ARLEO } from './arleo.ts';

const execute = promisify(execFile);
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** How `arleo doctor --json` ended, and what it told. */
export interface Examined {
  status: number;
  /** `state` of the worst step by layer. */
  layers: Record<string, string>;
  codes: string[];
  // biome-ignore lint/suspicious/noExplicitAny: tests assert its shape
  report: any;
  stdout: string;
}

/** Runs `arleo doctor --json`. @param env beside which there is none */
export function examine(args: readonly string[], env: Record<string, string> = {}): Promise<Examined> {
  return toldBy(execute(process.execPath, [ARLEO, 'doctor', ...args, '--json'], { env }));
}

/** What a run of `arleo doctor --json` told. */
export async function toldBy(run: Promise<{ stdout: string; stderr: string }>): Promise<Examined> {
  const { status, stdout, stderr } = await run.then(
    (output) => ({ status: 0, ...output }),
    ({ code, stdout: out, stderr: err }) => ({ status: Number(code), stdout: String(out), stderr: String(err) }),
  );
  if (stdout === '') throw new Error(`doctor ended with ${status}: ${stderr}`);
  const report = JSON.parse(stdout);
  const layers: Record<string, string> = {};
  for (const { layer, state } of report.steps) layers[layer] = worse(layers[layer], state);
  return { status, layers, codes: report.findings.map((one: { code: string }) => one.code), report, stdout };
}

const order = ['skipped', 'ok', 'warning', 'failure'];

function worse(known: string | undefined, state: string): string {
  return known !== undefined && order.indexOf(known) > order.indexOf(state) ? known : state;
}

/**
 * Gets an access token by the whole flow.
 *
 * @param env of the client: PASSPHRASE, and NODE_EXTRA_CA_CERTS with the authority of the issuer's certificate
 */
export async function accessToken(issuer: string, env: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-token-'));
  try {
    const bundle = here('../../scripts/bundle.mjs');
    await execute(process.execPath, [bundle, `--out=${folder}`, here('print-token.ts')], { cwd: here('..') });
    const { stdout } = await execute(process.execPath, [path.join(folder, 'print-token.js'), issuer], { env });
    return JSON.parse(stdout).accessToken;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A file with a token in it, for `--token-file`. */
export async function tokenFile(folder: string, name: string, token: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, `${token}\n`, { mode: 0o600 });
  return file;
}
