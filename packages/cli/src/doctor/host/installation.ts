import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { runProgram } from './run-program.ts';

/** The services, by the names that they have on a host; the hop that each is. */
export const UNITS = {
  'mcp-oauth-proxy': 'oauth-proxy',
  'hugo-mcp-proxy': 'hugo-mcp-proxy',
  'hugo-mcp': 'hugo-mcp-server',
} as const;

export type Unit = keyof typeof UNITS;

/** What is installed of one service. */
export interface InstalledUnit {
  unit: Unit;
  /** `/etc/UNIT` */
  folder: string;
  /** Whether its `.env` could be read: the code of the error if not. */
  unread: string | undefined;
  /** Others than root may read its `.env`. */
  exposed: boolean;
  /** What `.env` sets, and above it what the unit itself does. */
  settings: Readonly<Record<string, string>>;
}

/** What is installed on this host, in the order of the way. */
export async function readInstallation(etc = '/etc'): Promise<InstalledUnit[]> {
  const all = await Promise.all((Object.keys(UNITS) as Unit[]).map((unit) => readUnit(unit, path.join(etc, unit))));
  return all.filter((one) => one !== undefined);
}

async function readUnit(unit: Unit, folder: string): Promise<InstalledUnit | undefined> {
  if ((await stat(folder).catch(() => undefined)) === undefined) return undefined;
  const file = path.join(folder, '.env');
  const environment = await unitEnvironment(unit);
  try {
    const text = await readFile(file, 'utf8');
    const { mode } = await stat(file);
    const settings = { ...parsed(text), ...environment };
    return { unit, folder, unread: undefined, exposed: (mode & 0o077) !== 0, settings };
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException;
    return { unit, folder, unread: code, exposed: false, settings: environment };
  }
}

/** `Environment=` of the unit and its drop-ins: systemd's own way of quoting is that of a shell's words. */
async function unitEnvironment(unit: Unit): Promise<Record<string, string>> {
  const shown = await runProgram('systemctl', ['show', '-P', 'Environment', `${unit}.service`], 3_000);
  const words = shown?.stdout.match(/(?:[^\s"]|"(?:\\.|[^"\\])*")+/g) ?? [];
  return parsed(words.map((word) => word.replace(/^"(.*)"$/, '$1')).join('\n'));
}

function parsed(text: string): Record<string, string> {
  return Object.fromEntries(Object.entries(parseEnv(text)).map(([name, value]) => [name, value ?? '']));
}

/** The value of a secret: from its variable, or from the file that `NAME_FILE` names. */
export async function secretOf({ settings }: InstalledUnit, name: string): Promise<string | undefined> {
  const file = settings[`${name}_FILE`];
  if (settings[name] || !file) return settings[name] || undefined;
  return readFile(file, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** The folders that a service writes to, by its settings or as its unit has them. */
export function foldersOf({ unit, settings }: InstalledUnit): string[] {
  const { STATE_DIR = `/var/lib/${unit}`, AUDIT_LOG = `/var/log/${unit}/audit.jsonl` } = settings;
  const own = [STATE_DIR, path.dirname(AUDIT_LOG)];
  return unit === 'hugo-mcp' ? [settings.SITE_DIR ?? '/srv/site', ...own] : own;
}
