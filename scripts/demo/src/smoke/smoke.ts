import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Addresses } from '../stack/services.ts';
import { connector, GENERATIONS, type Generation, type McpClient, type ToolAnswer } from './clients.ts';
import { MemoryProvider } from './memory-provider.ts';
import { ownerApproves } from './owner-approves.ts';

const TOOLS = ['build_site', 'create_page', 'delete_page', 'get_page', 'list_pages', 'update_page'];

/** What the smoke run needs to know. */
export interface SmokeOptions {
  addresses: Addresses;
  passphrase: string;
  /** Told about each step, with its duration in ms. */
  say: (line: string) => void;
}

/**
 * Goes the whole way with both generations of the SDK's client: discovery, registration, the owner's consent, token, tools, and
 * a page that is created, read over HTTP, changed and deleted.
 *
 * @throws Error at the first step that does not hold
 */
export async function smoke(options: SmokeOptions): Promise<void> {
  for (const generation of GENERATIONS) await smokeClient(generation, options);
}

async function smokeClient(generation: Generation, { addresses, passphrase, say }: SmokeOptions): Promise<void> {
  const step = stepper(generation, say);
  const provider = new MemoryProvider(`Arleo smoke test, ${generation}`);
  const steps = connector(generation, addresses.mcpUrl, provider);

  const authorizationUrl = await step('401, discovery, registration', () => steps.discover());
  const approval = await step('owner logs in and consents', () => ownerApproves(authorizationUrl, { passphrase }));
  await step('code redeemed for a token', () => steps.redeem(approval.callback));
  const client = await step(
    'connected',
    () => steps.connect(),
    (connected) => `protocol ${connected.protocol}`,
  );
  try {
    await step('tools/list', async () => checkTools(await client.listTools()));
    await editPage(client, addresses, step);
  } finally {
    await client.close();
  }
}

type Step = ReturnType<typeof stepper>;

async function editPage(client: McpClient, addresses: Addresses, step: Step): Promise<void> {
  const id = randomBytes(4).toString('hex');
  const listed = await step('list_pages', () => ask(client, 'list_pages', {}), describePages);
  const page = { route: `posts/smoke-${id}`, lang: firstLanguage(listed) };
  const created = await step('create_page', () =>
    ask(client, 'create_page', { ...page, title: `Smoke ${id}`, content: `First words ${id}.\n` }),
  );
  const url = pageUrl(created, addresses.siteUrl, page.route);

  await step('read over HTTP from the site', () => expectPage(url, 200, `First words ${id}`));
  await step('get_page', () => ask(client, 'get_page', page), expectText(`First words ${id}`));
  await step(
    'list_pages names it',
    () => ask(client, 'list_pages', { section: 'posts', lang: page.lang }),
    expectText(page.route),
  );
  await step('update_page', () => ask(client, 'update_page', { ...page, content: `Other words ${id}.\n` }));
  await step('the change over HTTP', () => expectPage(url, 200, `Other words ${id}`));
  await step('delete_page', () => ask(client, 'delete_page', page));
  await step('gone over HTTP', () => expectPage(url, 404));
}

function stepper(generation: Generation, say: (line: string) => void) {
  return async <T>(name: string, act: () => Promise<T>, look?: (result: T) => string | undefined): Promise<T> => {
    const start = performance.now();
    const label = `${generation}  ${name.padEnd(30)}`;
    const took = () => `${(performance.now() - start).toFixed(0).padStart(6)} ms`;
    try {
      const result = await act();
      const note = look?.(result);
      say(`ok    ${label} ${took()}${note ? `  ${note}` : ''}`);
      return result;
    } catch (cause) {
      say(`FAIL  ${label} ${took()}`);
      throw new Error(`${generation}: ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  };
}

async function ask(client: McpClient, tool: string, args: Record<string, unknown>): Promise<ToolAnswer> {
  const answer = await client.call(tool, args);
  if (answer.isError) throw new Error(answer.text);
  return answer;
}

async function checkTools(names: string[]): Promise<void> {
  const missing = TOOLS.filter((tool) => !names.includes(tool));
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}; listed: ${names.join(', ')}`);
}

function describePages({ structured }: ToolAnswer): string | undefined {
  return Array.isArray(structured.pages) ? `${structured.pages.length} pages` : undefined;
}

/** The language of the site's first page: another owner's site need not have a page in ours. */
function firstLanguage({ structured }: ToolAnswer): string {
  const pages = Array.isArray(structured.pages) ? (structured.pages as { lang?: unknown }[]) : [];
  const lang = pages[0]?.lang;
  return typeof lang === 'string' ? lang : 'en';
}

function expectText(text: string) {
  return ({ text: answer, structured }: ToolAnswer): undefined => {
    if (!`${answer}\n${JSON.stringify(structured)}`.includes(text))
      throw new Error(`the answer does not say "${text}"`);
  };
}

/** Where the page is on the demo's site, whichever host the answer names. */
function pageUrl({ structured }: ToolAnswer, siteUrl: string, route: string): URL {
  const said = typeof structured.url === 'string' ? structured.url : `/${route}/`;
  const { pathname } = new URL(said, siteUrl);
  return new URL(pathname, siteUrl);
}

async function expectPage(url: URL, status: number, text = ''): Promise<void> {
  const answer = await fetch(url);
  const body = await answer.text();
  if (answer.status !== status) throw new Error(`${url} answered ${answer.status}, not ${status}`);
  if (!body.includes(text)) throw new Error(`${url} does not say "${text}"`);
}
