import { VERSION } from '@arleo/core/version';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { type Exchange, exchange, type Sent } from './exchange.ts';

/** How a real call of a tool went. */
export interface ToolCall {
  /** The structured result; absent if there was none. */
  structured?: unknown;
  /** The last answer of HTTP, whatever became of it. */
  answer: Exchange;
  /** What the MCP client says of a failure. */
  problem?: string;
}

/** As much of an answer as is read, in bytes: `site_info` has at most 50,000. */
const MAX_BODY = 512 * 1024;

/**
 * Calls the tool `site_info` as an MCP client does. The only tool that doctor ever calls: it reads.
 *
 * @param headers of one request, `Authorization` among them; each request gets its own
 * @throws Error of the connection, if there was no answer at all
 */
export async function callSiteInfo(
  url: URL,
  headers: () => Record<string, string>,
  way: Pick<Sent, 'address' | 'signal'>,
): Promise<ToolCall> {
  let answer: Exchange | undefined;
  let broken: unknown;
  const send: typeof fetch = async (_input, init) => {
    // The stream that a client opens to be told of changes would never end.
    if (init?.method === 'GET') return new Response(null, { status: 405 });
    const sent = Object.fromEntries(new Headers(init?.headers));
    try {
      answer = await exchange(url, {
        ...way,
        method: 'POST',
        headers: { ...sent, ...headers() },
        body: String(init?.body ?? ''),
        maxBody: MAX_BODY,
      });
    } catch (error) {
      broken = error;
      throw error;
    }
    const { status, headers: answered, body } = answer;
    const type = answered['content-type'];
    return new Response(status === 202 || status === 204 ? null : body, {
      status: status >= 200 && status <= 599 ? status : 502,
      headers: type === undefined ? {} : { 'content-type': type },
    });
  };
  const client = new Client({ name: 'arleo-doctor', version: VERSION });
  try {
    await client.connect(new StreamableHTTPClientTransport(url, { fetch: send }));
    const { structuredContent, isError, content } = await client.callTool({ name: 'site_info', arguments: {} });
    if (answer === undefined) throw new Error('there was no answer');
    if (isError === true) return { answer, problem: JSON.stringify(content) };
    return { answer, structured: structuredContent };
  } catch (error) {
    if (broken !== undefined || answer === undefined) throw broken ?? error;
    return { answer, problem: error instanceof Error ? error.message : String(error) };
  } finally {
    await client.close().catch(() => undefined);
  }
}
