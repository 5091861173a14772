import type { Reason } from '@arleo/core/reasons';
import { freePort } from '../../../core/test/free-port.ts';
import { errorData, raw, send } from '../../test/client.ts';
import { deafPort } from '../../test/deaf-port.ts';
import { hop, hopTo, hopToRaw } from '../../test/forwarding-hop.ts';

describe('a next hop that fails', () => {
  const failure = (reason: Reason, status: number) => ({
    status,
    data: expect.objectContaining({ hop: 'hugo-mcp-proxy', reason, request_id: 'r1' }),
    id: 'r1',
  });
  const outcome = async (url: string) => {
    const answer = await send(url, { body: '{}' });
    return { status: answer.status, data: errorData(answer), id: answer.headers['x-request-id'] };
  };

  it('down: connect_refused', async () => {
    const { url, failures } = await hop(await freePort());
    expect(await outcome(url)).toEqual(failure('connect_refused', 502));
    expect(failures).toMatchObject([{ reason: 'connect_refused', error: { code: 'ECONNREFUSED' } }]);
  });

  it('a connection that is never made: connect_timeout with the hint that names the firewall', async () => {
    // A full backlog drops the handshake just as a firewall does.
    const deaf = await deafPort();
    const { url } = await hop(deaf, { connectMs: 100 });
    const { data, ...rest } = await outcome(url);
    expect({ data, ...rest }).toEqual(failure('connect_timeout', 504));
    expect(data.hint).toMatch(/IPAddressDeny/);
  });

  it('silent: first_byte_timeout', async () => {
    const { url } = await hopToRaw(() => undefined, { firstByteMs: 100 });
    expect(await outcome(url)).toEqual(failure('first_byte_timeout', 504));
  });

  it('silent from the start, with a time limit for the whole call that is shorter: call_timeout', async () => {
    const { url } = await hopToRaw(() => undefined, { callMs: 100 });
    expect(await outcome(url)).toEqual(failure('call_timeout', 504));
  });

  it('closing without an answer: upstream_closed', async () => {
    const { url } = await hopToRaw((socket) => socket.once('data', () => socket.end()));
    expect(await outcome(url)).toEqual(failure('upstream_closed', 502));
  });

  it('resetting: upstream_closed', async () => {
    const { url } = await hopToRaw((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await outcome(url)).toEqual(failure('upstream_closed', 502));
  });

  it('closing between head and body: upstream_closed, since nothing was passed yet', async () => {
    const { url } = await hopToRaw((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')),
    );
    expect(await outcome(url)).toEqual(failure('upstream_closed', 502));
  });

  it.each([
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a switch of protocols', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
  ])('%s: an error of this hop, never passed on', async (_, bytes) => {
    const { url } = await hopToRaw((socket) => socket.once('data', () => socket.write(bytes)), { firstByteMs: 100 });
    const { status, data } = await outcome(url);
    expect([502, 504]).toContain(status);
    expect(['upstream_invalid', 'first_byte_timeout']).toContain(data.reason);
  });

  it.each([
    ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
  ])('closing in the middle of an answer %s: the client sees a broken answer, not a short one', async (_, bytes) => {
    const { url, failed } = await hopToRaw((socket) => socket.once('data', () => socket.end(bytes)));
    await expect(send(url)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await failed).toBe('upstream_closed');
  });

  it('closing in the middle, with a client of HTTP/1.0: the connection is reset', async () => {
    const { port, failed } = await hopToRaw((socket) =>
      socket.once('data', () =>
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', () => socket.end()),
      ),
    );
    await expect(raw(port, 'POST /mcp HTTP/1.0\r\nContent-Length: 0\r\n\r\n')).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
    expect(await failed).toBe('upstream_closed');
  });

  it('silent in the middle of its answer: broken off, idle_timeout', async () => {
    const { url, failed } = await hopTo(
      (_request, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(': hello\n\n');
      },
      { idleMs: 100 },
    );
    await expect(send(url)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await failed).toBe('idle_timeout');
  });

  it('sending for ever: broken off, call_timeout', async () => {
    const { url, failed } = await hopTo(
      (_request, response) => {
        const beat = setInterval(() => response.write(': beat\n\n'), 10);
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).once('close', () => clearInterval(beat));
      },
      { callMs: 2_000 },
    );
    await expect(send(url)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await failed).toBe('call_timeout');
  });

  it('keeps working for the next request after each failure', async () => {
    let count = 0;
    const { url } = await hopTo((request, response) => {
      count += 1;
      if (count % 2 === 1) request.socket.destroy();
      else response.end('well');
    });
    for (let round = 0; round < 3; round += 1) {
      expect((await send(url)).status).toBe(502);
      expect(await send(url)).toMatchObject({ status: 200, text: 'well' });
    }
  });
});

describe('a 401 of the next hop', () => {
  it('never reaches the client, which would throw its own good token away; who refused is kept', async () => {
    const data = { hop: 'hugo-mcp-server', reason: 'token_invalid', request_id: 'r1' };
    const { url, failures } = await hopTo((_request, response) => {
      response
        .writeHead(401, { 'WWW-Authenticate': 'Bearer' })
        .end(JSON.stringify({ error: { code: -32000, message: 'Not valid.', data } }));
    });
    const answer = await send(url);
    expect(answer.status).toBe(502);
    expect(answer.headers['www-authenticate']).toBeUndefined();
    expect(errorData(answer)).toMatchObject({
      hop: 'hugo-mcp-proxy',
      reason: 'upstream_auth',
      refused_by: 'hugo-mcp-server',
      refused_reason: 'token_invalid',
      refused_message: 'Not valid.',
    });
    expect(failures).toEqual([{ reason: 'upstream_auth', error: undefined }]);
  });

  it.each([
    ['is no JSON', 'no'],
    ['is no error body', '{"error":3}'],
    ['never ends to be large', 'x'.repeat(200_000)],
  ])('is answered all the same when its body %s', async (_, body) => {
    const { url } = await hopTo((_request, response) => response.writeHead(401).end(body));
    const answer = await send(url);
    expect(answer.status).toBe(502);
    expect(errorData(answer).reason).toBe('upstream_auth');
  });
});
