import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a bench nginx is given: one `server` block, with the `upstream` blocks that it names. */
export interface NginxSite {
  /** Short name, used for the files in `folder`. */
  name: string;
  /** TCP port on 127.0.0.1 that the `server` block listens on; start-up waits for it. */
  port: number;
  /** The text inside `http { … }`. */
  http: string;
  /** What stands outside of it, such as `load_module`. */
  main?: string;
  /** The program, if it is not the one of this machine. */
  program?: string;
}

/**
 * Starts one nginx with a single worker, which is what one Node process is compared with.
 *
 * @returns a function that stops it.
 * @throws Error when nginx is not installed or does not listen within a minute; the message carries its own output.
 */
export async function startNginx(folder: string, site: NginxSite): Promise<() => Promise<void>> {
  const file = path.join(folder, `${site.name}.conf`);
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${site.name}-${kind};`)
    .join(' ');
  await writeFile(
    file,
    `${site.main ?? ''} worker_processes 1; daemon off; pid ${folder}/${site.name}.pid; error_log stderr warn;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 10000000; types {} default_type application/json; ${temp}
${site.http}
}
`,
  );
  const child = spawn(site.program ?? 'nginx', ['-c', file, '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.on('error', (error) => {
    output += error.message;
  });
  for (let tries = 0; tries < 1200; tries += 1) {
    if (child.exitCode !== null || child.pid === undefined) break;
    if (await listens(site.port)) return () => stop(child);
    await sleep(50);
  }
  await stop(child);
  throw new Error(`nginx (${site.name}) did not start: ${output.trim() || 'no output; is nginx installed?'}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** A TLS upstream that answers every request with the JSON file `root`/answer.json: as small as a real one can be. */
export function upstreamSite(port: number, root: string, certificate: string, key: string): NginxSite {
  return {
    name: 'upstream',
    port,
    http: `server { listen 127.0.0.1:${port} ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key};
  location / { root ${root}; error_page 405 =200 /answer.json; try_files /answer.json =404; } }`,
  };
}

/** One plain proxying hop; an https target is verified against `certificate` (nginx compares no IP addresses, so by its DNS name). */
export function hopSite(name: string, port: number, target: URL, certificate?: string): NginxSite {
  const verify = certificate
    ? `proxy_ssl_verify on; proxy_ssl_trusted_certificate ${certificate}; proxy_ssl_name localhost;`
    : '';
  return {
    name,
    port,
    http: `upstream next { server ${target.host}; keepalive 64; keepalive_requests 10000000; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass ${target.protocol}//next; proxy_http_version 1.1;
    proxy_set_header Connection ""; ${verify} } }`,
  };
}
