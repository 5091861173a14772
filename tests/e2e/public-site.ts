import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startNginx } from '../bench/nginx.ts';

const infra = fileURLToPath(new URL('../../infra/', import.meta.url));
const MODULE = '/usr/lib/nginx/modules/ngx_http_modsecurity_module.so';

/** Where the public site of infra/ stands on this machine. */
export interface PublicSite {
  /** Must not exist elsewhere under this name; nginx's files go into `folder`. */
  name: string;
  folder: string;
  port: number;
  /** `host:port` of the two services behind it. */
  oauthProxy: string;
  hugoMcpProxy: string;
  /** PEM files. */
  certificate: string;
  key: string;
  /** Changes to a file before it is used, by its name within infra/. */
  change?: (file: string, text: string) => string;
  /** The program, if it is not the nginx of this machine. */
  program?: string;
}

/**
 * Starts a real nginx with the files of infra/nginx and infra/modsecurity as they are, but for the paths, ports and names of this
 * machine, on `https://localhost:PORT`.
 *
 * @returns its stop, and the file that its error log goes to.
 */
export async function startPublicSite(site: PublicSite): Promise<{ stop: () => Promise<void>; errorLog: string }> {
  const { folder, name, port, program, change = (_file, text) => text } = site;
  const arleo = path.join(folder, `${name}-arleo`);
  const errorLog = path.join(folder, `${name}-error.log`);
  const here = (text: string) =>
    text.replaceAll('/etc/nginx/arleo', arleo).replace('/var/log/nginx/mcp.error.log info', `${errorLog} info`);
  await mkdir(path.join(arleo, 'modsecurity'), { recursive: true });
  for (const [from, to] of [
    ['nginx/arleo', arleo],
    ['modsecurity', path.join(arleo, 'modsecurity')],
  ] as const) {
    for (const file of await readdir(path.join(infra, from))) {
      await cp(path.join(infra, from, file), path.join(to, file));
      const text = await readFile(path.join(to, file), 'utf8');
      await writeFile(path.join(to, file), here(change(`${from}/${file}`, text)));
    }
  }
  const http = here(change('nginx/mcp.conf', await readFile(path.join(infra, 'nginx/mcp.conf'), 'utf8')))
    .replace('127.0.0.1:8083', site.oauthProxy)
    .replace('127.0.0.1:8084', site.hugoMcpProxy)
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`)
    .replace('listen [::]:443 ssl;', '')
    .replace('server_name mcp.example.org;', 'server_name localhost;')
    .replace('/etc/ssl/mcp.example.org.crt', site.certificate)
    .replace('/etc/ssl/mcp.example.org.key', site.key);
  // Bodies that do not fit in memory go to files in a folder that is only ours.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const stop = await startNginx(folder, {
    name,
    port,
    http,
    main: `load_module ${MODULE}; ${user}`,
    ...(program && { program }),
  });
  return { stop, errorLog };
}
