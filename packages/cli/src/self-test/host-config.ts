import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { ArleoError } from '@arleo/core/errors';

/** Where the hops of this host are, and what is needed to speak to them as the hop before would. */
export interface HostConfig {
  /** The `.env` of a unit; empty where the unit is not installed. */
  settings(unit: string): Promise<Readonly<Record<string, string | undefined>>>;
  /** A file of a unit, less one trailing line feed. @throws {@link ArleoError} `self_test_unreadable` */
  file(unit: string, name: string): Promise<string>;
  hasFile(unit: string, name: string): Promise<boolean>;
}

/** @param etc `/etc`, but in tests */
export function openHostConfig(etc: string): HostConfig {
  const at = (unit: string, name: string): string => path.join(etc, unit, name);
  return {
    settings: (unit) => readText(at(unit, '.env')).then(parseEnv),
    file: (unit, name) => readText(at(unit, name)),
    hasFile: (unit, name) =>
      access(at(unit, name)).then(
        () => true,
        () => false,
      ),
  };
}

async function readText(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  } catch (cause) {
    throw new ArleoError('self_test_unreadable', `${file} cannot be read.`, {
      cause,
      hint: 'Run this as root on a host that install.sh has installed.',
    });
  }
}
