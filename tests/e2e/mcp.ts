import { type Answer, type Sent, send } from './send.ts';

const MODERN = '2026-07-28';

/** The headers that a client of the 2025 revisions sends with every message. */
export function mcpHeaders(token: string | undefined): Record<string, string> {
  return {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'mcp-protocol-version': '2025-11-25',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
}

/** One JSON-RPC request of the 2025 revisions, as written on the wire. */
export function rpc(
  url: string,
  token: string | undefined,
  method: string,
  params: object = {},
  extra: Sent = {},
): Promise<Answer> {
  return send(url, {
    method: 'POST',
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    ...extra,
    headers: { ...mcpHeaders(token), ...extra.headers },
  });
}

/** One tool call of the 2025 revisions. */
export function callTool(url: string, token: string, name: string, args: object, extra: Sent = {}): Promise<Answer> {
  return rpc(url, token, 'tools/call', { name, arguments: args }, extra);
}

/** One JSON-RPC request of the 2026-07-28 revision. */
export function modernRpc(
  url: string,
  token: string,
  method: string,
  params: Record<string, unknown> = {},
): Promise<Answer> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'e2e', version: '1.0.0' },
  };
  return send(url, {
    method: 'POST',
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
    headers: {
      ...mcpHeaders(token),
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(typeof params.name === 'string' && { 'mcp-name': params.name }),
    },
  });
}
