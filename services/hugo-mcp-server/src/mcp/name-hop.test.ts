import { nameHop, nameHopInEvents } from './name-hop.ts';

const error = (code: number, data?: unknown) =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code, message: 'No.', ...(data === undefined ? {} : { data }) } });

const dataOf = (text: string) => JSON.parse(text).error.data;

test.each([
  [-32700, 'bad_json'],
  [-32601, 'method_not_found'],
  [-32022, 'version_unsupported'],
  [-32000, 'protocol_error'],
])('an error %i says who refused it, why, and in which request', (code, reason) => {
  expect(dataOf(nameHop(error(code), 'r1'))).toEqual({ hop: 'hugo-mcp-server', reason, request_id: 'r1' });
});

test('what the error says already stays', () => {
  expect(dataOf(nameHop(error(-32022, { supported: ['2026-07-28'] }), 'r1'))).toMatchObject({
    supported: ['2026-07-28'],
    hop: 'hugo-mcp-server',
  });
  expect(dataOf(nameHop(error(-32602, 'why'), 'r1'))).toMatchObject({ detail: 'why' });
});

test.each([
  '{"jsonrpc":"2.0","id":1,"result":{"text":"an \\"error\\" in a page", "n": 1.0}}',
  '{"jsonrpc":"2.0","id":1,"result":{"error":"x"}}',
  '{"error"',
  '',
])('what is no error comes back to the byte: %s', (text) => {
  expect(nameHop(text, 'r1')).toBe(text);
});

test('in a stream, errors are named whatever the chunks, and the rest passes as it came', async () => {
  const events = `: open\n\nevent: message\ndata: {"result":"é"}\n\nevent: message\ndata: ${error(-32602)}\n\n: end`;
  const bytes = new TextEncoder().encode(events);
  for (const size of [1, 7, 50, bytes.length]) {
    const source = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    let text = '';
    for await (const chunk of source.pipeThrough(nameHopInEvents('r1'))) text += chunk;
    expect(text).toBe(events.replace(error(-32602), nameHop(error(-32602), 'r1')));
    expect(text).toContain('"request_id":"r1"');
  }
});
