import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const openssl = (folder: string, ...args: string[]) => promisify(execFile)('openssl', args, { cwd: folder });

/** Key and certificate, PEM. */
export interface Identity {
  key: string;
  cert: string;
}

/** What a certificate is to be like. */
export interface CertificateWish {
  /** Subject alternative names; loopback if absent. */
  names?: string;
  /** Whether it may issue others. */
  ca?: boolean;
  /** Issued by this one; by itself if absent. */
  issuer?: Identity;
  /** `YYYYMMDDHHMMSSZ`. */
  from?: string;
  to?: string;
  algorithm?: 'ec' | 'rsa';
  /** With this one's key instead of a new one. */
  keyOf?: Identity;
}

/** Makes certificates with the openssl program, in a folder that `dispose` removes. */
export async function certificateWorkshop() {
  const root = await mkdtemp(path.join(tmpdir(), 'arleo-certificates-'));
  let made = 0;
  return {
    dispose: () => rm(root, { recursive: true, force: true }),
    async make(wish: CertificateWish = {}): Promise<Identity> {
      made += 1;
      const folder = await mkdtemp(path.join(root, `${made}-`));
      const write = (name: string, text: string) => writeFile(path.join(folder, name), text);
      await write(
        'ca.cnf',
        `[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\nrand_serial=yes\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\nunique_subject=no\n
[p]\ncommonName=supplied\n[e]\nsubjectAltName=${wish.names ?? 'DNS:localhost,IP:127.0.0.1'}\nbasicConstraints=critical,CA:${wish.ca ? 'TRUE' : 'FALSE'}\n`,
      );
      await write('index.txt', '');
      const kind =
        wish.algorithm === 'rsa'
          ? ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']
          : ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'];
      if (wish.keyOf) await write('key.pem', wish.keyOf.key);
      else await openssl(folder, 'genpkey', ...kind, '-out', 'key.pem');
      await openssl(folder, 'req', '-new', '-key', 'key.pem', '-out', 'request.pem', '-subj', '/CN=hugo-mcp.internal');
      const signer = wish.issuer
        ? ['-cert', 'issuer.pem', '-keyfile', 'issuer.key']
        : ['-selfsign', '-keyfile', 'key.pem'];
      if (wish.issuer) {
        await write('issuer.pem', wish.issuer.cert);
        await write('issuer.key', wish.issuer.key);
      }
      const time = ['-startdate', wish.from ?? '20200101000000Z', '-enddate', wish.to ?? '20491231000000Z'];
      const output = ['-extensions', 'e', '-in', 'request.pem', '-out', 'cert.pem', '-notext', '-batch'];
      await openssl(folder, 'ca', '-config', 'ca.cnf', ...signer, ...time, ...output);
      const read = (name: string) => readFile(path.join(folder, name), 'utf8');
      return { key: await read('key.pem'), cert: await read('cert.pem') };
    },
  };
}
