import { type IdentityFiles, identityFiles } from '@arleo/core/certificates/identity-files';
import { ArleoError } from '@arleo/core/errors';
import { isFileSystemError } from '@arleo/core/fs/change-file';
import { UsageError } from '../usage-error.ts';
import type { CommandValues } from './command.ts';

/** Where hugo-mcp-server's pair is. */
export const certOptions = { cert: { type: 'string' }, key: { type: 'string' } } as const;

const places = {
  cert: { variable: 'TLS_CERT_FILE', usual: '/etc/hugo-mcp/server.crt' },
  key: { variable: 'TLS_KEY_FILE', usual: '/etc/hugo-mcp/server.key' },
  state: { variable: 'STATE_DIR', usual: '/var/lib/hugo-mcp' },
  pinned: { variable: 'UPSTREAM_CERT_FILE', usual: '/etc/hugo-mcp-proxy/server.crt' },
  'pinned-state': { variable: 'PROXY_STATE_DIR', usual: '/var/lib/hugo-mcp-proxy' },
} as const;

type PlaceName = keyof typeof places;

/** For the help. */
export const certOptionsHelp = `  --cert FILE   the certificate; default $TLS_CERT_FILE, else ${places.cert.usual}
  --key FILE    its private key; default $TLS_KEY_FILE, else ${places.key.usual}`;

/** The file or folder that an option names, else its variable, else the usual one. @throws UsageError if it is empty */
export function placeOf(name: PlaceName, values: CommandValues, env: NodeJS.ProcessEnv): string {
  const { [name]: given } = values;
  if (given === '') throw new UsageError(`--${name} is empty.`, 'Give a path.');
  const { variable, usual } = places[name];
  return typeof given === 'string' ? given : env[variable] || usual;
}

/** @see {@link certOptions} */
export function pairOf(values: CommandValues, env: NodeJS.ProcessEnv): IdentityFiles {
  return identityFiles({ key: placeOf('key', values, env), certificate: placeOf('cert', values, env) });
}

/** The names and addresses of `--names`. */
export function hostsOf({ names }: CommandValues): string[] {
  if (typeof names !== 'string') return [];
  const hosts = names.split(/[\s,]+/).filter((host) => host !== '');
  if (hosts.length === 0) throw new UsageError('--names is empty.', 'Such as --names 192.168.122.69');
  return hosts;
}

/** Runs `act`, and says what to do where the file system refuses. */
export async function withFiles<T>(file: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!isFileSystemError(error)) throw error;
    throw new ArleoError(
      'certificate_files_refused',
      `${error.path ?? file} cannot be read or written (${error.code}).`,
      { cause: error, hint: 'Run as root, and check that its folder is there and has space.' },
    );
  }
}
