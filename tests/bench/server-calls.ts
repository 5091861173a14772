import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import { importActorKey, signActor } from '@arleo/core/actor';
import type { TestStack } from '../e2e/start.ts';

/** Calls tools of hugo-mcp-server itself, as the hop before it does. */
export interface ServerCalls {
  /** The structured result. @throws Error for a refusal */
  call(tool: string, args: object): Promise<Record<string, unknown>>;
  close(): void;
}

/** Opens kept-alive connections to the stack's hugo-mcp-server. */
export async function openServerCalls({ layout, state, addresses }: TestStack): Promise<ServerCalls> {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 64, ca: await readFile(layout.tlsCert, 'utf8') });
  const key = importActorKey(await readFile(layout.actorKey, 'utf8'));
  const post = (body: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const requestId = randomUUID();
      const claims = { sub: 'owner', client_id: 'bench', scope: 'content:read content:write site:admin' } as const;
      const outgoing = https.request(
        `${addresses.hugoMcpUrl}/mcp`,
        {
          method: 'POST',
          agent,
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            accept: 'application/json, text/event-stream',
            'mcp-protocol-version': '2025-11-25',
            authorization: `Bearer ${state.mcpToken}`,
            'x-request-id': requestId,
            'arleo-actor': signActor(key, { ...claims, request_id: requestId, aud: 'hugo-mcp-server' }),
          },
        },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (chunk) => {
            text += chunk;
          });
          answer.on('end', () => resolve(text));
          answer.on('error', reject);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  return {
    async call(name, args) {
      const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } };
      const answer = await post(JSON.stringify(message));
      const json = answer.startsWith('{')
        ? answer
        : answer
            .split('\n')
            .findLast((line) => line.startsWith('data: '))
            ?.slice(6);
      const { result, error } = JSON.parse(json ?? '{}');
      if (error !== undefined || result?.isError) {
        throw new Error(`${name}: ${error?.message ?? result.content?.[0]?.text}`);
      }
      return result.structuredContent;
    },
    close: () => agent.destroy(),
  };
}
