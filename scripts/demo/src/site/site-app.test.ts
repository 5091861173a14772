import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { siteApp } from './site-app.ts';

let folder: string;
let server: Server;
let base: string;

async function release(name: string, text: string): Promise<string> {
  const root = path.join(folder, name);
  await mkdir(path.join(root, 'en/posts'), { recursive: true });
  await mkdir(path.join(root, '.well-known'), { recursive: true });
  await writeFile(path.join(root, 'index.html'), text);
  await writeFile(path.join(root, 'index.xml'), '<rss/>');
  await writeFile(path.join(root, 'en/posts/index.html'), `posts ${text}`);
  await writeFile(path.join(root, '404.html'), 'introuvable');
  await writeFile(path.join(root, 'en/404.html'), 'not here');
  await writeFile(path.join(root, '.well-known/security.txt'), 'Contact: x');
  await writeFile(path.join(root, '.secret'), 'no');
  return root;
}

async function goLive(root: string): Promise<void> {
  await symlink(root, path.join(folder, 'next'));
  await rename(path.join(folder, 'next'), path.join(folder, 'public'));
}

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-site-'));
  await writeFile(path.join(folder, 'outside.txt'), 'outside');
  server = createServer(siteApp(path.join(folder, 'public')));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

/** Sends the path as it is: fetch would resolve `..` before sending. */
function raw(target: string, method = 'GET'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(base, { path: target, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

test('says so while nothing is published', async () => {
  expect(await raw('/')).toEqual({ status: 503, body: expect.stringContaining('Nothing is published yet') });
});

test('follows the link at every request', async () => {
  await goLive(await release('one', 'first'));
  expect(await raw('/')).toEqual({ status: 200, body: 'first' });
  await goLive(await release('two', 'second'));
  expect(await raw('/')).toEqual({ status: 200, body: 'second' });
  await rm(path.join(folder, 'one'), { recursive: true });
  expect(await raw('/en/posts/')).toEqual({ status: 200, body: 'posts second' });
});

test('gives types that browsers understand, and lets nothing be cached', async () => {
  await goLive(await release('one', 'first'));
  const page = await fetch(`${base}/`);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('cache-control')).toBe('no-store');
  expect(page.headers.get('etag')).toBeNull();
  expect((await fetch(`${base}/index.xml`)).headers.get('content-type')).toContain('xml');
});

test('answers with the 404 page of the language', async () => {
  await goLive(await release('one', 'first'));
  expect(await raw('/en/nothing/')).toEqual({ status: 404, body: 'not here' });
  expect(await raw('/nothing/')).toEqual({ status: 404, body: 'introuvable' });
});

test('leads a folder without its slash to the page, and forgives a double slash', async () => {
  await goLive(await release('one', 'first'));
  expect((await raw('/en/posts')).status).toBe(301);
  expect(await raw('//en/posts/')).toEqual({ status: 200, body: 'posts first' });
});

test.each([
  '/../outside.txt',
  '/%2e%2e/outside.txt',
  '/en/..%2f..%2foutside.txt',
  '/%00',
  '/%',
  '/.secret',
  '/en/%5c..%5c..%5coutside.txt',
])('gives nothing for %s', async (target) => {
  await goLive(await release('one', 'first'));
  const { status, body } = await raw(target);
  expect([400, 403, 404]).toContain(status);
  expect(body).not.toContain('outside');
  expect(body).not.toBe('no');
});

test('serves .well-known and no other dotfile', async () => {
  await goLive(await release('one', 'first'));
  expect(await raw('/.well-known/security.txt')).toEqual({ status: 200, body: 'Contact: x' });
});

test('takes no other method than GET and HEAD', async () => {
  await goLive(await release('one', 'first'));
  expect((await raw('/', 'POST')).status).toBe(405);
  expect(await raw('/', 'HEAD')).toEqual({ status: 200, body: '' });
});
