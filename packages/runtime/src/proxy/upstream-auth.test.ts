import http, { type RequestListener, type ServerResponse } from 'node:http';
import { errorData, send } from '../../test/client.ts';
import { listen, signal } from '../../test/servers.ts';
import { answerRefusedCredentials } from './upstream-auth.ts';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

/** A hop whose next hop refuses in this way; gives its URL. */
async function hopRefusedBy(refuse: RequestListener, seen: (response: ServerResponse) => void = () => undefined) {
  const upstream = await listen(http.createServer(refuse));
  opened.push(upstream);
  const hop = await listen(
    http.createServer((_request, response) => {
      seen(response);
      http.get(upstream.url, { agent: false }, (answer) => {
        const context = { requestId: 'r1', startedAt: performance.now(), clientAddress: '192.0.2.1', path: '/mcp' };
        answerRefusedCredentials(answer, response, 'hugo-mcp-proxy', context);
      });
    }),
  );
  opened.push(hop);
  return hop.url;
}

const refusal = (error: unknown): RequestListener => {
  return (_request, response) => void response.writeHead(401).end(JSON.stringify({ error }));
};
const own = {
  hop: 'hugo-mcp-proxy',
  reason: 'upstream_auth',
  request_id: 'r1',
  hint: expect.stringContaining('token'),
};

it('says who refused, why and in which words', async () => {
  const data = { hop: 'hugo-mcp-server', reason: 'actor_expired', request_id: 'r0', hint: 'x' };
  const answer = await send(await hopRefusedBy(refusal({ message: 'Expired.', data })));
  expect(answer.status).toBe(502);
  expect(errorData(answer)).toEqual({
    ...own,
    refused_by: 'hugo-mcp-server',
    refused_reason: 'actor_expired',
    refused_message: 'Expired.',
  });
});

it.each<[string, unknown, Record<string, string>]>([
  ['nothing', {}, {}],
  ['no data', { message: 'No.' }, { refused_message: 'No.' }],
  ['a reason alone', { data: { reason: 'token_invalid' } }, { refused_reason: 'token_invalid' }],
  ['something else than texts', { message: 1, data: { hop: { toString: 1 }, reason: null } }, {}],
  ['data that are none', { message: 'No.', data: 'x' }, { refused_message: 'No.' }],
])('of a refusal that says %s, it passes on what there is and makes nothing up', async (_, error, rest) => {
  expect(errorData(await send(await hopRefusedBy(refusal(error))))).toEqual({ ...own, ...rest });
});

it.each(['', 'null', '[]', '"x"', '{"error":null}', '<html>'])('a body of %j says nothing', async (body) => {
  const url = await hopRefusedBy((_request, response) => void response.writeHead(401).end(body));
  expect(errorData(await send(url))).toEqual(own);
});

it('passes on no more than the beginning of a long text', async () => {
  const data = errorData(await send(await hopRefusedBy(refusal({ message: 'x'.repeat(10_000) }))));
  expect(data.refused_message).toBe('x'.repeat(300));
});

it.each<[string, RequestListener]>([
  ['never comes to its end', (_request, response) => void response.writeHead(401).write('{"error":')],
  ['breaks off', (request, response) => void response.writeHead(401).write('{"er', () => request.socket.destroy())],
])('answers all the same when the body %s', async (_, refuse) => {
  const answer = await send(await hopRefusedBy(refuse));
  expect(answer.status).toBe(502);
  expect(errorData(answer)).toEqual(own);
});

it('closes the connection of a next hop that sends more than a refusal can be, long before its time is over', async () => {
  const closed = signal();
  let blocks = 0;
  const url = await hopRefusedBy((_request, response) => {
    response.writeHead(401).once('close', () => closed.resolve());
    const pump = (): void => {
      if (response.destroyed) return;
      blocks += 1;
      response.write('x'.repeat(8192), () => setImmediate(pump));
    };
    pump();
  });
  expect((await send(url)).status).toBe(502);
  await closed.promise;
  // Two blocks are all that is read; some more may be on their way.
  expect(blocks).toBeLessThan(500);
});

it('a client that went away meanwhile is no failure', async () => {
  const [arrived, gone, over] = [signal(), signal(), signal()];
  const url = await hopRefusedBy(
    async (_request, response) => {
      response.writeHead(401).write('{"error":');
      arrived.resolve();
      await gone.promise;
      response.once('close', () => over.resolve()).end('{}}');
    },
    (response) => response.once('close', () => gone.resolve()),
  );
  const request = http.request(url, { method: 'POST', agent: false }).on('error', () => undefined);
  request.end();
  await arrived.promise;
  request.destroy();
  await over.promise;
});
