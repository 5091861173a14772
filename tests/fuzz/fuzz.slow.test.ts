import { randomInt } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import path from 'node:path';
import { openBrowser, type Page } from '@arleo/demo/smoke/browser';
import fc, { type Arbitrary } from 'fast-check';
import { rpc } from '../e2e/mcp.ts';
import { authorization, type Granted, grant, REDIRECT_URI, redeem } from '../e2e/oauth.ts';
import { rawRequest } from '../e2e/raw-request.ts';
import { startTestStack, type TestStack } from '../e2e/start.ts';
import { expectNoSecrets, expectWholeChains } from '../e2e/trail.ts';
import { type HostileRequest, hostileRequests } from './hostile-requests.ts';
import { CANARY, type Known, parameters } from './hostile-values.ts';
import { rawHead } from './raw-heads.ts';

// A run is repeated with ARLEO_FUZZ_SEED=…, and made longer with ARLEO_FUZZ_INPUTS=… (inputs for each endpoint).
const seed = Number(process.env.ARLEO_FUZZ_SEED ?? randomInt(2 ** 31));
const inputs = Number(process.env.ARLEO_FUZZ_INPUTS ?? 2_500);
const rawInputs = Math.ceil(inputs * 1.5);
/** Requests that are on their way at the same time. */
const atOnce = 25;
/** Longer than the service gives a slow sender: what is not answered by then hangs. */
const patienceMs = 75_000;
/** What the process may take more than after its warm-up, in MiB, whatever it was sent. */
const growthMiB = 256;

let stack: TestStack;
let known: Known;
let granted: Granted;
const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
const passed: Record<number, number> = {};

beforeAll(async () => {
  process.stderr.write(`fuzz: ARLEO_FUZZ_SEED=${seed}, ${inputs} inputs for each endpoint\n`);
  const limits = { RATE_LIMIT_PER_ADDRESS: '100000000', RATE_LIMIT_PER_SUBJECT: '100000000' };
  stack = await startTestStack({ 'oauth-proxy': limits });
  const { issuer, mcpUrl } = stack.addresses;
  granted = await grant(issuer, { passphrase: stack.state.passphrase });
  const browser = openBrowser();
  const asked = await authorization(issuer);
  const page = await browser.open(asked.url.href);
  // Of another browser: wrong guesses are counted, and those that are heard have a test of their own below.
  const other = await openBrowser().open((await authorization(issuer)).url.href);
  const csrf = new Map(other.forms[0]?.fields).get('csrf') ?? '';
  known = {
    issuer,
    mcpUrl,
    clientId: asked.clientId,
    redirectUri: REDIRECT_URI,
    uid: new URL(page.url).pathname.split('/')[2] ?? '',
    csrf,
    cookie: [...browser.cookies()].map(([name, value]) => `${name}=${value}`).join('; '),
  };
  expect(csrf).not.toBe('');
});
afterAll(async () => {
  agent.destroy();
  await stack?.dispose();
});

interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

const TOO_LARGE: Reply = { status: 431, headers: { 'x-request-id': 'unread' }, text: '' };

/** @throws Error when the request does not come to an end */
function fire(sent: HostileRequest, connection: Agent | false = agent): Promise<Reply> {
  const { method, target, body } = sent;
  const { hostname, port } = new URL(known.issuer);
  // Node sends the body of a DELETE without its length, and what expects 100 Continue in chunks, which forms may not be.
  const headers = { ...sent.headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) };
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path: target, headers, agent: connection }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        clearTimeout(patience);
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    const patience = setTimeout(() => request.destroy(new Error('no end')), patienceMs);
    request.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(patience);
      // A kept connection may be closed at the very moment at which it is used again; one of its own has to be answered.
      if (connection === agent && error.code === 'ECONNRESET') resolve(fire(sent, false));
      // A head that is too large is refused before its method is known: with a body, even for HEAD.
      else if (method === 'HEAD' && error.code === 'HPE_CLOSED_CONNECTION') resolve({ ...TOO_LARGE });
      else reject(error);
    });
    request.end(body);
  });
}

/** What is wrong with an answer, whatever was asked. */
function faultOf({ status, headers, text }: Reply): string | undefined {
  passed[status] = (passed[status] ?? 0) + 1;
  // A limit that is reached is said with when to come back; any other 5xx is a fault.
  if (status >= 500 && !(status === 503 && headers['retry-after'])) return `status ${status}: ${text.slice(0, 300)}`;
  if (status === 429) return 'the limits are in the way of the fuzz';
  if (headers['x-request-id'] === undefined) return 'no X-Request-Id';
  const all = `${JSON.stringify(headers)}\n${text}`;
  if (all.includes(CANARY)) return `a made-up secret comes back: ${all.slice(0, 500)}`;
  if (all.includes(stack.state.passphrase) || all.includes(stack.state.mcpToken)) return 'a real secret comes back';
  if (headers['x-injected'] !== undefined) return 'a header was injected';
  if (/"access_token"|"tools":/.test(text)) return `let in: ${text.slice(0, 200)}`;
  if (/^text\/html/.test(headers['content-type'] ?? '') && /<script/i.test(text)) return 'a script in a page';
  return undefined;
}

/** Runs a check over batches, so that many requests are on their way at once; a failing batch shrinks to the request at fault. */
async function assertOver<T>(arbitrary: Arbitrary<T>, runs: number, check: (value: T) => Promise<string | undefined>) {
  const batch = fc.array(arbitrary, { minLength: atOnce, maxLength: atOnce, size: 'max' });
  await fc.assert(
    fc.asyncProperty(batch, async (values) => {
      const faults = await Promise.all(
        values.map(async (value) => {
          const fault = await check(value).catch((error: Error) => `no answer: ${error.message}`);
          return fault === undefined ? undefined : { fault, value };
        }),
      );
      const [first] = faults.filter((fault) => fault !== undefined);
      if (first) throw new Error(`${first.fault}\nfor ${JSON.stringify(first.value)}`);
    }),
    { seed, numRuns: Math.ceil(runs / atOnce), endOnFailure: true },
  );
}

/** Memory of its own that oauth-proxy holds, in MiB: files that it maps do not count. */
async function memoryMiB(): Promise<number> {
  const status = await readFile(`/proc/${stack.service('oauth-proxy').pid}/status`, 'utf8');
  return Number(/RssAnon:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

const endpoints = Object.keys(
  hostileRequests({ issuer: '', mcpUrl: '', clientId: '', redirectUri: '', uid: '', csrf: '', cookie: '' }),
);
let warm = 0;

test('a warm-up, after which memory is looked at', async () => {
  for (const name of endpoints) {
    await assertOver(hostileRequests(known)[name] as Arbitrary<HostileRequest>, inputs / 10, async (request) =>
      faultOf(await fire(request)),
    );
  }
  warm = await memoryMiB();
});

test.each(endpoints)('[R-FUZZ-REQUESTS] %s: no 5xx, no hang, no secret in an answer', async (name) => {
  const { failure } = stack;
  const run = assertOver(hostileRequests(known)[name] as Arbitrary<HostileRequest>, inputs, async (request) =>
    faultOf(await fire(request)),
  );
  await Promise.race([run, failure]);
});

test('[R-FUZZ-REQUESTS] mcp with a good token: all hops stand whatever is asked', async () => {
  const { mcp } = hostileRequests(known);
  const good = { authorization: `Bearer ${granted.accessToken}` };
  const authorized = (mcp as Arbitrary<HostileRequest>).map((request) => ({
    ...request,
    headers: { ...request.headers, ...good },
  }));
  await assertOver(authorized, inputs, async (request) => {
    const reply = await fire(request);
    const text = reply.text.replace(/"tools":/g, '');
    return text.includes(granted.accessToken) ? 'the token comes back' : faultOf({ ...reply, text });
  });
});

test('[R-FUZZ-REQUESTS] the forms of the owner, with cookies and token of the real page: only Approve gives a code', async () => {
  const { host } = new URL(known.issuer);
  const browser = openBrowser((url) => url.host !== host);
  const open = async () => browser.open((await authorization(known.issuer, { client_id: known.clientId })).url.href);
  /** Sends what the fuzz says, as the form of the page that the owner looks at, and follows where that leads. */
  const answerForm = async (fields: [string, string][]): Promise<Page> => {
    const page = await open();
    const [form] = page.forms;
    if (!form) throw new Error(`no form at ${page.url}`);
    const csrf = form.fields.filter(([name]) => name === 'csrf');
    return browser.submit(page, {
      ...form,
      checkboxes: [],
      fields: [...fields.filter(([name]) => name !== 'csrf'), ...csrf],
    });
  };
  const faultOfPage = ({ status, headers, html }: Page) =>
    status === 0 ? undefined : faultOf({ status, headers, text: html });

  // As few as may be wrong in a minute, and some are kept for what follows.
  for (const passphrase of ['', CANARY, CANARY.repeat(300)]) {
    const page = await answerForm([
      ['passphrase', passphrase],
      ['code', passphrase],
      ['recovery_code', passphrase],
    ]);
    expect({ status: page.status, fault: faultOfPage(page) }).toEqual({ status: 401, fault: undefined });
  }
  const page = await open();
  const login = page.forms.find((form) => form.names.has('passphrase'));
  if (!login) throw new Error(`no login form at ${page.url}`);
  await browser.submit(page, login, { fill: { passphrase: stack.state.passphrase } });

  const names = ['decision', 'decision', 'scope', 'scope', 'redirect_uri', 'passphrase', 'code', 'recovery_code'];
  const hostile = parameters(known, names);
  const usual = fc.array(
    fc.constantFrom<[string, string]>(['decision', 'approve'], ['decision', 'deny'], ['scope', 'content:read']),
  );
  const given = { code: 0, none: 0 };
  await fc.assert(
    fc.asyncProperty(hostile, usual, async (fields, more) => {
      const sent = [...fields, ...more];
      const answer = await answerForm(sent);
      const fault = faultOfPage(answer);
      if (fault) throw new Error(fault);
      const code = new URL(answer.url).searchParams.has('code');
      given[code ? 'code' : 'none'] += 1;
      const approved = sent.some(([name, value]) => name === 'decision' && value === 'approve');
      if (code && !(approved && answer.url.startsWith(REDIRECT_URI))) throw new Error(`a code, at ${answer.url}`);
    }),
    { seed, numRuns: Math.ceil(inputs / 10), endOnFailure: true },
  );
  // Both outcomes were reached: the forms were heard.
  expect(Math.min(given.code, given.none)).toBeGreaterThan(0);
});

test('[R-FUZZ-HEADS] raw heads: every connection ends, with no 5xx and with no secret', async () => {
  const { host } = new URL(known.issuer);
  await assertOver(rawHead(host), rawInputs, async (bytes) => {
    const { statuses, text, closed } = await rawRequest(known.issuer, bytes, patienceMs);
    if (!closed) return 'the connection was not ended';
    if (statuses.some((status) => status >= 500)) return `status ${statuses.join(' ')}: ${text.slice(0, 300)}`;
    return text.includes(CANARY) ? 'a made-up secret comes back' : undefined;
  });
});

test('[R-FUZZ-HEADS] tokens that are nearly right let nobody in', async () => {
  const { accessToken } = granted;
  const change = fc
    .tuple(fc.nat(accessToken.length - 1), fc.constantFrom(...'AZaz09-_.~+/='))
    .map(([position, letter]) => {
      const text = `${accessToken.slice(0, position)}${letter}${accessToken.slice(position + 1)}`;
      return { text, same: canonical(text) === canonical(accessToken) };
    });
  await assertOver(change, inputs, async ({ text, same }) => {
    const { status } = await rpc(known.mcpUrl, text, 'tools/list');
    return status === 401 || (same && status === 200) ? undefined : `status ${status}`;
  });
});

/** The bytes that a JWT stands for: the last letter of a part has bits that mean nothing. */
function canonical(jwt: string): string {
  return jwt
    .split('.')
    .map((part) => Buffer.from(part, 'base64url').toString('hex'))
    .join('.');
}

test('[R-FUZZ-MEMORY] the process lives, and holds about as much memory as after the warm-up', async () => {
  expect(stack.service('oauth-proxy').running).toBe(true);
  const grown = (await memoryMiB()) - warm;
  process.stderr.write(
    `fuzz: ${JSON.stringify(passed)} by status; ${grown.toFixed(0)} MiB more than ${warm.toFixed(0)}\n`,
  );
  expect(grown).toBeLessThan(growthMiB);
  const total = Object.values(passed).reduce((sum, count) => sum + count, 0);
  expect(total).toBeGreaterThanOrEqual(endpoints.length * inputs);
});

test('after all this the whole way still works, and nobody has lost a grant', async () => {
  expect((await rpc(known.mcpUrl, granted.accessToken, 'tools/list')).status).toBe(200);
  const { accessToken } = await grant(known.issuer, { passphrase: stack.state.passphrase });
  expect((await rpc(known.mcpUrl, accessToken, 'tools/list')).status).toBe(200);
  const unknown = await redeem(known.issuer, { clientId: known.clientId, verifier: 'x'.repeat(43) }, CANARY);
  expect(unknown).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
});

test('[R-FUZZ-LOGS] no secret, made up or real, is in any log, and the audit trail is whole', async () => {
  await stack.close();
  await expectNoSecrets(stack, [granted.accessToken, granted.refreshToken]);
  const { logs } = stack.layout;
  for (const name of await readdir(logs)) {
    const lines = (await readFile(path.join(logs, name), 'utf8')).split('\n');
    expect({ name, line: lines.find((line) => line.includes(CANARY)) }).toEqual({ name, line: undefined });
  }
  await expectWholeChains(stack);
});
