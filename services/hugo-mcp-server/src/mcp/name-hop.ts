const hop = 'hugo-mcp-server';

/**
 * The stable reasons of what the protocol layer refuses, by JSON-RPC error code.
 *
 * @see [JSON-RPC 2.0 section 5.1](https://www.jsonrpc.org/specification#error_object), and MCP 2026-07-28 for -32020 and on
 */
const reasons: Readonly<Record<number, string>> = {
  [-32700]: 'bad_json',
  [-32600]: 'invalid_request',
  [-32601]: 'method_not_found',
  [-32602]: 'invalid_params',
  [-32603]: 'internal',
  [-32020]: 'header_mismatch',
  [-32021]: 'capability_missing',
  [-32022]: 'version_unsupported',
};

/**
 * A JSON-RPC message as text; if it is an error, with hop, reason and request id in `error.data`, beside what stands there
 * already. Text that is no error comes back as it is.
 */
export function nameHop(text: string, requestId: string): string {
  if (!text.includes('"error"')) return text;
  const message: unknown = parse(text);
  if (!isObject(message) || !isObject(message.error)) return text;
  const { error } = message;
  const reason = reasons[Number(error.code)] ?? 'protocol_error';
  const own = isObject(error.data) ? error.data : error.data === undefined ? {} : { detail: error.data };
  return JSON.stringify({ ...message, error: { ...error, data: { ...own, hop, reason, request_id: requestId } } });
}

/** {@link nameHop} for each event of an event stream (one `data:` line an event, as the SDK writes them). */
export function nameHopInEvents(requestId: string): TransformStream<Uint8Array, string> {
  const decoder = new TextDecoder();
  let rest = '';
  return new TransformStream({
    transform(chunk, controller) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (lines.length > 0) controller.enqueue(lines.map((line) => `${named(line, requestId)}\n`).join(''));
    },
    flush(controller) {
      if (rest !== '') controller.enqueue(named(rest, requestId));
    },
  });
}

function named(line: string, requestId: string): string {
  const prefix = /^data: ?/.exec(line)?.[0];
  return prefix === undefined ? line : prefix + nameHop(line.slice(prefix.length), requestId);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
