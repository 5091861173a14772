import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ArleoError } from '../errors.ts';
import { isAlternativeName } from './certificate.ts';

/** A private key and its certificate, PEM. */
export interface Identity {
  key: string;
  certificate: string;
}

/** What {@link makeIdentity} is to make. */
export interface IdentityWish {
  /** Subject alternative names: `DNS:NAME`, `IP:ADDRESS`. */
  names: readonly string[];
  /** Milliseconds since 1970, as all times here. */
  from: number;
  to: number;
  /** The private key, PEM; a new one, EC P-256, if absent. */
  key?: string | undefined;
}

/** What every certificate of hugo-mcp-server is made for, beside its address. */
export const USUAL_NAMES: readonly string[] = ['hugo-mcp.internal', 'localhost', '127.0.0.1', '::1'];

/** A new private key, EC P-256, PEM. */
function makePrivateKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * Makes a self-signed certificate for a server with the openssl program (1.1.1 or newer).
 *
 * @throws {@link ArleoError} `openssl_failed`, `certificate_name_invalid`
 */
export async function makeIdentity({ names, from, to, key = makePrivateKey() }: IdentityWish): Promise<Identity> {
  const wrong = names.find((name) => !isAlternativeName(name));
  if (wrong !== undefined || names.length === 0) {
    const what = wrong === undefined ? 'No name is given' : `${JSON.stringify(wrong)} is no host name or address`;
    throw new ArleoError('certificate_name_invalid', `${what} that a certificate can be made for.`, {
      hint: 'Give names as in 192.168.122.69,site.example.org',
    });
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-certificate-'));
  try {
    return { key, certificate: await sign(folder, key, names, from, to) };
  } catch (cause) {
    const { stderr } = cause as { stderr?: string };
    throw new ArleoError('openssl_failed', `openssl could not make the certificate${said(stderr)}.`, {
      cause,
      hint: 'Try: openssl version (1.1.1 or newer is needed), and look at the free disk space.',
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `openssl ca`, and not `openssl req -x509`, which knows no beginning and no end to the second before version 3.4. */
async function sign(folder: string, key: string, names: readonly string[], from: number, to: number): Promise<string> {
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: folder });
  const write = (name: string, text: string) => writeFile(path.join(folder, name), text, { mode: 0o600 });
  await write('server.key', key);
  await write('index.txt', '');
  await write('ca.cnf', configuration(names));
  await openssl('req', '-new', '-config', 'ca.cnf', '-key', 'server.key', '-out', 'request.pem');
  const time = ['-startdate', asn1Time(from), '-enddate', asn1Time(to)];
  const output = ['-batch', '-notext', '-in', 'request.pem', '-out', 'server.crt'];
  await openssl('ca', '-config', 'ca.cnf', '-selfsign', '-keyfile', 'server.key', ...time, ...output);
  return readFile(path.join(folder, 'server.crt'), 'utf8');
}

const configuration = (names: readonly string[]): string => `[req]
distinguished_name=subject
prompt=no
[subject]
O=Arleo
CN=hugo-mcp.internal
[ca]
default_ca=self
[self]
database=index.txt
rand_serial=yes
new_certs_dir=.
default_md=sha256
policy=policy
x509_extensions=extensions
unique_subject=no
[policy]
organizationName=supplied
commonName=supplied
[extensions]
subjectAltName=${names.join(',')}
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectKeyIdentifier=hash
`;

/** As in 20261121150000Z, whatever the century (RFC 5280 section 4.1.2.5.2). */
function asn1Time(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
}

function said(stderr: string | undefined): string {
  const line = stderr?.split('\n').find((text) => /error/i.test(text));
  return line === undefined ? '' : `: ${line.trim().slice(0, 200)}`;
}
