import type { Message } from '../http/read-message.ts';

const versionKey = 'io.modelcontextprotocol/protocolVersion';

/** Which parameter `Mcp-Name` repeats. */
const named: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

/**
 * Makes the headers say what the body says of its protocol revision, for clients that send those of another one (Claude was
 * seen to): the version as `_meta` names it, and `Mcp-Method` and `Mcp-Name` where they are missing. Where those contradict
 * the body they stay, and the SDK refuses the request. A body that names no revision changes nothing.
 *
 * Nothing is decided by these headers before here, so that no check is passed by: hops 1 and 2 only hand them on and record
 * them.
 *
 * @param headers of the request; they are changed
 */
export function believeBody({ method, params }: Message, headers: Headers): void {
  const { _meta: meta, ...rest } = (isObject(params) ? params : {}) as Record<string, unknown>;
  const version = isObject(meta) ? meta[versionKey] : undefined;
  if (typeof version !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(version)) return;
  headers.set('mcp-protocol-version', version);
  if (typeof method !== 'string' || !/^[\w$./-]{1,100}$/.test(method)) return;
  if (!headers.has('mcp-method')) headers.set('mcp-method', method);
  const name = Object.hasOwn(named, method) ? rest[named[method] ?? ''] : undefined;
  if (typeof name === 'string' && !headers.has('mcp-name')) headers.set('mcp-name', headerValue(name));
}

/** As it is, or in base64 where a header could not carry it. @see MCP 2026-07-28, transports: standard request headers */
function headerValue(text: string): string {
  const plain = /^(?! )[\x20-\x7e]+(?<! )$/.test(text) && !text.startsWith('=?base64?');
  return plain ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
