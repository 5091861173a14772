import { on } from 'node:events';
import { request } from 'node:https';
import { type Edge, startEdge } from './edge.ts';
import { ERAS, toolCall } from './frames.ts';

describe('event streams through nginx and its firewall', () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(() => edge?.dispose());

  /** Sends a call, and gives what comes back piece by piece, as it comes. */
  const listen = async () => {
    const { headers, body, method, path } = toolCall(ERAS[1], 'build_site', {});
    const sent = request({
      ...{ host: 'localhost', port: edge.port, rejectUnauthorized: false, agent: false },
      ...{ method, path, headers: { ...headers, accept: 'text/event-stream' } },
    });
    sent.end(body);
    const [response] = (await on(sent, 'response').next()).value;
    const pieces = on(response.setEncoding('utf8'), 'data');
    const next = async (): Promise<string> => (await pieces.next()).value[0];
    return { next, close: () => sent.destroy() };
  };

  it('[R-WAF-STREAM] pass on each event before the next one is there', async () => {
    const stream = await listen();
    expect(await stream.next()).toBe('data: 0\n\n');
    // Nothing more is sent until the last one has arrived: what is held back would never come.
    for (const data of ['1', '2', '3']) {
      edge.event(data);
      expect(await stream.next()).toBe(`data: ${data}\n\n`);
    }
    stream.close();
  });

  it('[R-WAF-RELOAD] outlive a reload of nginx, in which no other call fails', async () => {
    const stream = await listen();
    await stream.next();
    // Each on a connection of its own: one that is kept may be closed just when it is used again (RFC 9112 section 9.3.1).
    const { headers, ...rest } = toolCall(ERAS[0], 'get_page', { route: 'posts/a' });
    const call = { ...rest, headers: { ...headers, connection: 'close' } };
    const calls = edge.askAll(Array.from({ length: 60 }, () => call));
    await edge.reload();
    await edge.reload();
    expect((await calls).filter(({ status }) => status !== 200)).toEqual([]);
    edge.event('still here');
    expect(await stream.next()).toBe('data: still here\n\n');
    stream.close();
  });
});
