import { connect as connectTcp, type Socket } from 'node:net';
import { callMcp, connect } from './oauth-client.ts';
import { openService, type Service } from './open-service.ts';

describe('senders that do not send as they should', () => {
  let service: Service;
  let token = '';
  beforeAll(async () => {
    service = await openService();
    token = (await connect(service)).tokens.access_token ?? '';
  });
  afterAll(() => service.close());

  const endpoints: [path: string, type: string][] = [
    ['/token', 'application/x-www-form-urlencoded'],
    ['/revoke', 'application/x-www-form-urlencoded'],
    ['/introspect', 'application/x-www-form-urlencoded'],
    ['/register', 'application/json'],
    ['/interaction/x/login', 'application/x-www-form-urlencoded'],
    ['/interaction/x/consent', 'application/x-www-form-urlencoded'],
    ['/mcp', 'application/json'],
  ];
  const head = (path: string, type: string, more: string[]): string =>
    [
      `POST ${path} HTTP/1.1`,
      `Host: ${new URL(service.issuer).host}`,
      `Content-Type: ${type}`,
      `Authorization: Bearer ${path === '/introspect' ? service.mcpToken : token}`,
      ...more,
      '',
      '',
    ].join('\r\n');
  const open = (): Socket => connectTcp(Number(new URL(service.issuer).port), '127.0.0.1').setEncoding('utf8');
  /** All that comes until the connection ends. */
  const answerOn = (socket: Socket): Promise<string> =>
    new Promise((resolve) => {
      let answer = '';
      socket.on('data', (text) => {
        answer += text;
        if (/\r\n\r\n[\s\S]/.test(answer)) socket.end();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(answer));
    });

  it.each(endpoints)(
    'one that goes away in the middle of a body to %s hurts nobody, and no log',
    async (path, type) => {
      const written: unknown[] = [];
      const original = console.error;
      console.error = (...parts: unknown[]) => void written.push(parts);
      for (const end of ['destroy', 'resetAndDestroy'] as const) {
        const socket = open();
        const gone = new Promise((resolve) => socket.once('close', resolve));
        socket.on('error', () => undefined);
        await new Promise((resolve) => socket.write(`${head(path, type, ['Content-Length: 100'])}half`, resolve));
        socket[end]();
        await gone;
      }
      expect((await callMcp(service, token)).status).toBe(200);
      console.error = original;
      expect(written).toEqual([]);
    },
  );

  it.each(endpoints)('a body to %s that is far too large, whole or in chunks, is refused', async (path, type) => {
    const size = 17 * 1024 * 1024;
    for (const framing of [`Content-Length: ${size}`, 'Transfer-Encoding: chunked']) {
      const socket = open();
      const answer = answerOn(socket);
      socket.write(head(path, type, [framing, 'Connection: close']));
      const block = 'a'.repeat(64 * 1024);
      const chunk = framing.startsWith('T') ? `${block.length.toString(16)}\r\n${block}\r\n` : block;
      for (let sent = 0; sent < size && !socket.destroyed && socket.writable; sent += block.length) {
        if (!socket.write(chunk)) {
          await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve));
        }
      }
      // Cut off in the middle is an end, too; an answer is none that would invite to go on.
      expect(await answer).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
    }
    expect((await callMcp(service, token)).status).toBe(200);
  });

  it('many sockets that say nothing leave room for those that do', async () => {
    const silent = Array.from({ length: 300 }, open);
    await Promise.all(silent.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    expect((await callMcp(service, token)).status).toBe(200);
    expect((await fetch(`${service.issuer}/jwks`)).status).toBe(200);
    for (const socket of silent) socket.destroy();
  });

  it.each(['/token', '/mcp'])(
    'two addresses that never end what they send to %s leave room for a third',
    async (path) => {
      const sockets: Socket[] = [];
      const send = (address: string): Socket => {
        const socket = open().on('error', () => undefined);
        const type = path === '/mcp' ? 'application/json' : 'application/x-www-form-urlencoded';
        socket.write(
          `POST ${path} HTTP/1.1\r\nHost: ${new URL(service.issuer).host}\r\nContent-Type: ${type}\r\nContent-Length: 9\r\nX-Forwarded-For: ${address}\r\n\r\nx`,
        );
        sockets.push(socket);
        return socket;
      };
      // 200 of each are kept waiting; the connections of the others end.
      await new Promise<void>((resolve) => {
        let [sent, ended] = [0, 0];
        const next = (): void => {
          sent += 1;
          const socket = send(sent % 2 ? '203.0.113.1' : '198.51.100.1').resume();
          socket.once('close', () => {
            ended += 1;
            if (ended === 700) resolve();
            else if (sent < 1_100) next();
          });
        };
        while (sent < 450) next();
      });
      expect((await callMcp(service, token)).status).toBe(200);
      expect((await fetch(`${service.issuer}/token`, { method: 'POST', body: new URLSearchParams() })).status).toBe(
        400,
      );
      for (const socket of sockets) socket.destroy();
    },
  );
});
