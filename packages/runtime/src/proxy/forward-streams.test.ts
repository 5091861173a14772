import http from 'node:http';
import net from 'node:net';
import { open, send } from '../../test/client.ts';
import { hopTo, hopToRaw } from '../../test/forwarding-hop.ts';
import { signal } from '../../test/servers.ts';

describe('streams', () => {
  it('the first event arrives before the second is sent', async () => {
    const second = signal();
    const { url } = await hopTo(async (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');
      await second.promise;
      response.end('data: 2\n\n');
    });
    const { response, next } = await open(url);
    expect(response.headers['content-type']).toBe('text/event-stream');
    expect(await next()).toBe('data: 1\n\n');
    second.resolve();
    expect(await next()).toBe('data: 2\n\n');
    expect(await next()).toBeUndefined();
  });

  it('the head of a stream arrives before its first event', async () => {
    const first = signal();
    const { url } = await hopTo(async (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
      await first.promise;
      response.end('data: 1\n\n');
    });
    const { response, next } = await open(url);
    expect(response.statusCode).toBe(200);
    first.resolve();
    expect(await next()).toBe('data: 1\n\n');
  });

  it('a client that does not read stops the next hop from sending', async () => {
    const blocks = 64;
    const block = Buffer.alloc(1024 * 1024, 'x');
    let sent = 0;
    const { url } = await hopTo((request, response) => {
      if (request.method === 'GET') return response.end();
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      const pump = (): void => {
        while (sent < blocks) {
          sent += 1;
          if (!response.write(block)) return void response.once('drain', pump);
        }
        response.end();
      };
      pump();
    });
    const { response } = await open(url);
    // Nothing reads; once some other requests have come and gone without a further block, the stream stands still.
    for (let before = -1; before !== sent; ) {
      before = sent;
      for (let round = 0; round < 50; round += 1) await send(url, { method: 'GET' });
    }
    expect(sent).toBeLessThan(blocks);
    let received = 0;
    for await (const chunk of response) received += chunk.length;
    expect(received).toBe(blocks * block.length);
  });

  it('a next hop that does not read stops the client from sending, until it has answered', async () => {
    const size = 64 * 1024 * 1024;
    const deaf = signal<net.Socket>();
    const { url, port } = await hopToRaw(
      (socket) => {
        socket.on('data', (head) => {
          if (String(head).startsWith('GET')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
          else deaf.resolve(socket.pause());
        });
      },
      { maxBodyBytes: size, discardBytes: size },
    );
    const client = net.connect(port, '127.0.0.1');
    client.write(`POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`);
    const block = Buffer.alloc(64 * 1024);
    const all = signal();
    let sent = 0;
    const pump = (): void => {
      while (sent < size) {
        sent += block.length;
        if (!client.write(block)) return void client.once('drain', pump);
      }
      all.resolve();
    };
    pump();
    for (let before = -1; before !== sent; ) {
      before = sent;
      for (let round = 0; round < 50; round += 1) await send(url, { method: 'GET' });
    }
    expect(sent).toBeLessThan(size);

    const answer = new Promise((resolve) => client.once('data', (data) => resolve(String(data))));
    (await deaf.promise).write('HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno');
    expect(await answer).toMatch(/^HTTP\/1\.1 413 /);
    await all.promise;
    client.destroy();
  });

  it('a client that goes away ends the call of the next hop', async () => {
    const gone = signal();
    const { url, failures } = await hopTo((_request, response) => {
      response.once('close', () => gone.resolve());
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(': hello\n\n');
    });
    const { next, abort } = await open(url);
    await next();
    abort();
    await gone.promise;
    expect(failures).toEqual([]);
  });

  it('a client that goes away before the answer ends the call of the next hop, too', async () => {
    const [arrived, gone] = [signal(), signal()];
    const { url } = await hopTo((_request, response) => {
      response.once('close', () => gone.resolve());
      arrived.resolve();
    });
    const request = http.request(url, { method: 'POST', agent: false }).on('error', () => undefined);
    request.end('{}');
    await arrived.promise;
    request.destroy();
    await gone.promise;
  });
});
