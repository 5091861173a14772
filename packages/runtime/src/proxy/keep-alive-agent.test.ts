import http from 'node:http';
import { send } from '../../test/client.ts';
import { listen, signal } from '../../test/servers.ts';
import { createKeepAliveAgent } from './keep-alive-agent.ts';

const opened: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

test('closes a connection that was not used for a while, but never one that waits for its answer', async () => {
  const closed: string[] = [];
  const unused = signal();
  const server = http.createServer((request, response) => {
    const { url = '' } = request;
    request.socket.once('close', () => {
      closed.push(url);
      unused.resolve();
    });
    if (url === '/quick') response.end();
    // Longer than an unused connection is kept, and than it takes to close one.
    else void unused.promise.then(() => setTimeout(() => response.end('well'), 100));
  });
  const { url, close } = await listen(server);
  opened.push({ close });
  const agent = createKeepAliveAgent({ unusedMs: 30 });
  opened.push({ close: () => agent.destroy() });
  const slow = send(`${url}/slow`, { agent });
  await send(`${url}/quick`, { agent });
  expect((await slow).text).toBe('well');
  expect(closed).toEqual(['/quick']);
});

test('uses one connection for requests that come one after the other', async () => {
  let connections = 0;
  const server = http.createServer((_request, response) => response.end());
  server.on('connection', () => {
    connections += 1;
  });
  const { url, close } = await listen(server);
  opened.push({ close });
  const agent = createKeepAliveAgent();
  opened.push({ close: () => agent.destroy() });
  for (let round = 0; round < 5; round += 1) await send(url, { agent });
  expect(connections).toBe(1);
});
