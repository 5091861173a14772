import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { freePorts } from '../e2e/free-ports.ts';
import { startTestStack, type TestStack } from '../e2e/start.ts';
import { programFile, runProgram } from '../published/program.ts';
import { expectLive, pageOf } from './goes-live.ts';
import { type OwnerAtTheBrowser, ownerAtTheBrowser } from './owner-at-the-browser.ts';

let stack: TestStack;
let browser: OwnerAtTheBrowser;

beforeAll(async () => {
  stack = await startTestStack();
});
beforeEach(async () => {
  browser = await ownerAtTheBrowser();
});
afterEach(() => browser.dispose());
afterAll(() => stack?.dispose());

test('[R-CLIENT-REMOTE] mcp-remote, as published, gets in for a client that speaks only stdio', async () => {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [programFile('mcp-remote', 'mcp-remote'), stack.addresses.mcpUrl, '--allow-http', '--transport', 'http-only'],
    env: browser.env,
    stderr: 'ignore',
  });
  const client = new Client({ name: 'behind-mcp-remote', version: '1.0.0' });
  const approved = browser.approveNext(stack.state.passphrase);
  try {
    await Promise.all([approved, client.connect(transport)]);
    expect((await approved).searchParams.get('resource')).toBe(stack.addresses.mcpUrl);
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('create_page');
    const page = pageOf('mcp-remote');
    expect((await client.callTool({ name: 'create_page', arguments: page })).isError ?? false).toBe(false);
    await expectLive(stack, page);
  } finally {
    await client.close();
  }
});

test.each(['legacy', 'modern'])('[R-CLIENT-INSPECTOR] the Inspector, as published, gets in (%s)', async (era) => {
  const { site: port } = await freePorts();
  const callback = ['--callback-url', `http://127.0.0.1:${port}/oauth/callback`];
  const run = (...args: string[]) =>
    runProgram(
      ['@modelcontextprotocol/inspector', 'inspector'],
      [
        '--cli',
        stack.addresses.mcpUrl,
        '--transport',
        'http',
        '--protocol-era',
        era,
        '--format',
        'json',
        ...callback,
        ...args,
      ],
      { env: { ...browser.env, MCP_AUTO_OPEN_ENABLED: 'true', MCP_INSPECTOR_SECRET_STORE: 'file' } },
    ).ended;
  const [listed] = await Promise.all([run('--method', 'tools/list'), browser.approveNext(stack.state.passphrase)]);
  expect({ code: listed.code, stderr: listed.code === 0 ? '' : listed.stderr }).toEqual({ code: 0, stderr: '' });
  const { result } = JSON.parse(listed.stdout);
  expect(result.tools.map(({ name }: { name: string }) => name)).toContain('create_page');

  // The second run finds the token of the first: nobody is asked again.
  const page = pageOf(`the Inspector ${era}`);
  const call = ['--method', 'tools/call', '--tool-name', 'create_page', '--tool-args-json', JSON.stringify(page)];
  const created = await run(...call, '--stored-auth-only');
  expect({ code: created.code, stderr: created.code === 0 ? '' : created.stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(created.stdout).result.isError ?? false).toBe(false);
  await expectLive(stack, page);
});
