/** A request as a client sends it. */
export interface Request {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string | Buffer;
}

/** The two protocol eras, which frame the same call differently. */
export const ERAS = ['2025-11-25', '2026-07-28'] as const;
export type Era = (typeof ERAS)[number];

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** A tool call as a client of that era writes it. */
export function toolCall(era: Era, name: string, args: object): Request {
  const params = { name, arguments: args };
  if (era === '2025-11-25') {
    return {
      method: 'POST',
      path: '/mcp',
      headers: { ...json, 'user-agent': 'Claude-User', 'mcp-protocol-version': era, authorization: 'Bearer x' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params }),
    };
  }
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': era,
    'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
    'io.modelcontextprotocol/clientInfo': { name: 'Claude', version: '1.0.0' },
  };
  return {
    method: 'POST',
    path: '/mcp',
    headers: {
      ...json,
      'user-agent': 'Claude-User',
      'mcp-protocol-version': era,
      'mcp-method': 'tools/call',
      'mcp-name': name,
      authorization: 'Bearer x',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { ...params, _meta } }),
  };
}
