import { createHash, randomBytes } from 'node:crypto';
import path from 'node:path';
import { type Browser, openBrowser, type Page } from '@arleo/demo/smoke/browser';
import { REDIRECT_URI, register, token } from '../e2e/oauth.ts';
import { send } from '../e2e/send.ts';
import type { TestStack } from '../e2e/start.ts';
import { createPost, type Post } from './http-calls.ts';
import { paced } from './paced.ts';
import { cpuMs, nginxWorker } from './process-cpu.ts';
import type { Row } from './report.ts';

/** Clients, or owners in front of a browser, that go on at the same time. */
const workers = 8;
const seconds = 4;
/** HTTP requests of one authorization: authorize, the page, the decision, its redirect, the token. */
const requestsOfFlow = 5;
const callsPerSecond = 300;
const callSeconds = 5;
const area = 'oauth';
const listCall = '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}';

/** An owner who has logged in once, at a client of their own. */
interface Owner {
  browser: Browser;
  clientId: string;
}

/**
 * What the authorization server does in a second, and what its check costs `/mcp`, beside the nginx chain: the same client sends
 * as many requests to both, so that what is compared is the servers.
 *
 * @param nginxPort the outer hop of the nginx chain, whose files are in `folder`
 */
export async function measureOauth(folder: string, stack: TestStack, nginxPort: number): Promise<Row[]> {
  const nginx = `http://127.0.0.1:${nginxPort}/mcp`;
  const { issuer } = stack.addresses;
  const owners: Owner[] = [];
  for (let index = 0; index < workers; index += 1) owners.push(await logIn(issuer, stack.state.passphrase));

  const granted: { clientId: string; accessToken: string; refreshToken: string }[] = [];
  const flows = await perSecond(async (worker) => {
    const owner = owners[worker] as Owner;
    const { json, text } = await authorize(issuer, owner);
    if (typeof json?.access_token !== 'string') throw new Error(`the token endpoint answered ${text}`);
    granted[worker] = { clientId: owner.clientId, accessToken: json.access_token, refreshToken: json.refresh_token };
  });
  const plainFlows = await perSecond(async (worker) => {
    const { browser } = owners[worker] as Owner;
    for (let request = 1; request < requestsOfFlow; request += 1) await browser.open(nginx);
    await send(nginx, { method: 'POST', body: 'x' });
  });

  const fresh: string[] = [];
  const refreshes = await perSecond(async (worker) => {
    const mine = granted[worker];
    if (!mine) throw new Error('an owner got no token');
    const { clientId: client_id, refreshToken: refresh_token } = mine;
    const { json, text } = await token(issuer, { grant_type: 'refresh_token', client_id, refresh_token });
    if (typeof json?.access_token !== 'string') throw new Error(`the token endpoint answered ${text}`);
    mine.refreshToken = json.refresh_token;
    fresh.push(json.access_token);
  });
  const plainPosts = await perSecond(async () => {
    await send(nginx, { method: 'POST', body: 'x' });
  });
  const versus = (name: string, unit: string, ours: number, theirs: number): Row[] => [
    { area, name, value: ours, unit },
    { area, name: 'as many requests to two nginx', value: theirs, unit },
    { area, name: 'ratio', value: ours / theirs, unit: '× nginx' },
  ];
  return [
    ...versus(`authorize → token, ${workers} owners who are logged in`, 'flows/s', flows, plainFlows),
    ...versus(`refresh, ${workers} clients`, 'refreshes/s', refreshes, plainPosts),
    ...(await measureCheck(folder, stack, nginx, fresh)),
  ];
}

/** Processor time of one call of `/mcp` at the first hop: with a token that is known, with one that is seen first, and at nginx. */
async function measureCheck(folder: string, stack: TestStack, nginx: string, fresh: string[]): Promise<Row[]> {
  const worker = await nginxWorker(path.join(folder, 'outer.pid'));
  const { pid } = stack.service('oauth-proxy');
  const [known = ''] = fresh.splice(0, 1);
  const ours = createPost(stack.addresses.mcpUrl, listCall);
  const theirs = createPost(nginx, listCall);
  const cost = async (
    process: number,
    post: Post,
    calls: number,
    tokenOf: (index: number) => string,
  ): Promise<number> => {
    const before = await cpuMs(process);
    const rate = { perSecond: callsPerSecond, seconds: calls / callsPerSecond };
    const { failed, sent } = await paced(rate, async (index) => {
      const headers = { accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25' };
      return (await post({ ...headers, authorization: `Bearer ${tokenOf(index)}` })) === 200;
    });
    if (failed > 0) throw new Error(`${failed} of ${sent} calls failed`);
    return (((await cpuMs(process)) - before) * 1000) / sent;
  };
  try {
    const calls = callsPerSecond * callSeconds;
    await cost(pid, ours.post, callsPerSecond, () => known);
    const warm = await cost(pid, ours.post, calls, () => known);
    const plain = await cost(worker, theirs.post, calls, () => known);
    const once = Math.min(fresh.length, calls);
    const cold = await cost(pid, ours.post, once, (index) => fresh[index] ?? '');
    return [
      { area, name: 'processor time of a call at oauth-proxy', value: warm, unit: 'µs' },
      { area, name: 'processor time of a call at one nginx', value: plain, unit: 'µs' },
      { area, name: 'ratio', value: warm / plain, unit: '× nginx' },
      { area, name: `more for the first call with a token (${once} tokens)`, value: cold - warm, unit: 'µs' },
    ];
  } finally {
    ours.close();
    theirs.close();
  }
}

/** How often a second `work` gets done, by all workers together. */
async function perSecond(work: (worker: number) => Promise<void>): Promise<number> {
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      while (performance.now() < end) {
        await work(worker);
        done += 1;
      }
    }),
  );
  return (done * 1000) / (performance.now() - start);
}

const arrived = (url: URL): boolean => url.href.startsWith(REDIRECT_URI);

async function logIn(issuer: string, passphrase: string): Promise<Owner> {
  const owner = { browser: openBrowser(arrived), clientId: (await register(issuer)).json.client_id };
  const page = await owner.browser.open(
    authorizationUrl(issuer, owner.clientId, randomBytes(32).toString('base64url')),
  );
  const login = page.forms.find((form) => form.names.has('passphrase'));
  if (!login) throw new Error(`no login form at ${page.url}`);
  await decide(owner.browser, await owner.browser.submit(page, login, { fill: { passphrase } }));
  return owner;
}

/** One whole authorization by somebody who is logged in. @returns the token endpoint's answer */
async function authorize(issuer: string, { browser, clientId }: Owner) {
  const verifier = randomBytes(32).toString('base64url');
  const page = await browser.open(authorizationUrl(issuer, clientId, verifier));
  const code = new URL((await decide(browser, page)).url).searchParams.get('code') ?? '';
  return token(issuer, {
    grant_type: 'authorization_code',
    client_id: clientId,
    code,
    code_verifier: verifier,
    redirect_uri: REDIRECT_URI,
  });
}

function decide(browser: Browser, page: Page): Promise<Page> {
  const consent = page.forms.find((form) => form.buttons.some(({ name }) => name === 'decision'));
  if (!consent) throw new Error(`no consent form at ${page.url}: ${page.status}`);
  return browser.submit(page, consent, { press: { name: 'decision', value: 'approve' } });
}

function authorizationUrl(issuer: string, clientId: string, verifier: string): string {
  const parameters = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    scope: 'content:read content:write site:admin',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource: `${issuer}/mcp`,
  });
  return `${issuer}/authorize?${parameters}`;
}
