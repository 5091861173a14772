import { createHash, X509Certificate } from 'node:crypto';
import http from 'node:http';
import type https from 'node:https';
import type { RequestOptions } from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { certificateSha256 } from '@arleo/core/certificates/certificate';
import { isArleoError } from '@arleo/core/errors';
import { type CertificateWish, certificateWorkshop, type Identity } from '../../test/certificates.ts';
import { send } from '../../test/client.ts';
import { listen } from '../../test/servers.ts';
import { createPinnedAgent, type PinnedAgentOptions } from './pinned-agent.ts';

let workshop: Awaited<ReturnType<typeof certificateWorkshop>>;
const opened: { close(): Promise<void> | void }[] = [];
beforeAll(async () => {
  workshop = await certificateWorkshop();
});
afterAll(() => workshop.dispose());
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

/** A TLS server that keeps every decrypted byte, and answers once it has a request. */
async function recordingServer(identity: Identity, options: tls.TlsOptions = {}) {
  const received: Buffer[] = [];
  let connections = 0;
  const resumed: boolean[] = [];
  const server = tls.createServer({ ...identity, ...options }, (socket) => {
    resumed.push(socket.isSessionReused());
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received.push(chunk);
      if (chunk.includes('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell');
    });
  });
  server.on('tlsClientError', () => undefined);
  server.on('connection', () => {
    connections += 1;
  });
  const listening = await listen(server, 'https');
  opened.push(listening);
  return { ...listening, received: () => Buffer.concat(received).toString(), connections: () => connections, resumed };
}

function agentFor(options: PinnedAgentOptions): https.Agent {
  const agent = createPinnedAgent(options);
  opened.push({ close: () => agent.destroy() });
  return agent;
}

const secret = 'Bearer hmcp_the-token-that-must-not-leak';
const call = (port: number, agent: https.Agent, options: RequestOptions = {}) =>
  send(`https://127.0.0.1:${port}/mcp`, { agent, body: '{}', ...options, headers: { authorization: secret } });

/** Calls a server that shows `shown`, with `pinned` pinned; gives the error, having made sure that nothing was sent. */
async function refusal(pinned: Identity, shown: Identity, options: RequestOptions = {}): Promise<unknown> {
  const server = await recordingServer(shown);
  const agent = agentFor({ certificate: pinned.cert });
  const error = await call(server.port, agent, options).then(
    () => 'it was answered',
    (failure: unknown) => failure,
  );
  expect(server.connections()).toBe(1);
  expect(server.received()).toBe('');
  return error;
}

describe('the pinned certificate', () => {
  it.each<[string, CertificateWish]>([
    ['EC', {}],
    ['RSA', { algorithm: 'rsa' }],
    ['that may issue others', { ca: true }],
  ])('%s: lets requests through, on one connection', async (_, wish) => {
    const identity = await workshop.make(wish);
    const server = await recordingServer(identity);
    const agent = agentFor({ certificate: identity.cert, sha256: certificateSha256(identity.cert) });
    for (let round = 0; round < 3; round += 1) {
      expect(await call(server.port, agent)).toMatchObject({ status: 200, text: 'well' });
    }
    expect(server.connections()).toBe(1);
    expect(server.received()).toContain(secret);
  });

  it('issued by an authority: is the trust anchor all the same, whatever the authority', async () => {
    const authority = await workshop.make({ ca: true });
    const identity = await workshop.make({ issuer: authority });
    const server = await recordingServer(identity);
    const agent = agentFor({ certificate: identity.cert });
    expect((await call(server.port, agent)).status).toBe(200);
  });

  it('reached by name: the name is compared', async () => {
    const identity = await workshop.make({ names: 'DNS:localhost' });
    const server = await recordingServer(identity);
    const agent = agentFor({ certificate: identity.cert });
    expect((await send(`https://localhost:${server.port}/`, { agent, family: 4 })).status).toBe(200);
  });

  it('after a connection was closed: the next one is checked in full, never resumed', async () => {
    const identity = await workshop.make();
    const server = await recordingServer(identity);
    const agent = agentFor({ certificate: identity.cert });
    for (let round = 0; round < 3; round += 1) {
      await call(server.port, agent);
      for (const socket of Object.values(agent.freeSockets).flat()) {
        const gone = new Promise((resolve) => socket?.once('close', resolve));
        socket?.destroy();
        await gone;
      }
    }
    expect(server.resumed).toEqual([false, false, false]);
  });
});

describe('any other certificate: refused before one byte was sent', () => {
  it('for the same names: pin_mismatch', async () => {
    expect(await refusal(await workshop.make(), await workshop.make())).toMatchObject({ code: 'pin_mismatch' });
  });

  it('issued by the pinned one: pin_mismatch', async () => {
    const pinned = await workshop.make({ ca: true });
    const issued = await workshop.make({ issuer: pinned });
    expect(await refusal(pinned, issued)).toMatchObject({ code: 'pin_mismatch' });
    const chain = { key: issued.key, cert: issued.cert + pinned.cert };
    expect(await refusal(pinned, chain)).toMatchObject({ code: 'pin_mismatch' });
  });

  it('made again with the very key of the pinned one: pin_mismatch', async () => {
    const pinned = await workshop.make();
    const again = await workshop.make({ keyOf: pinned, to: '20481231000000Z' });
    expect(await refusal(pinned, again)).toMatchObject({ code: 'pin_mismatch' });
  });

  it('expired, too: pin_mismatch, since the pinned one is well', async () => {
    const pinned = await workshop.make({ ca: true });
    const to = '20210101000000Z';
    expect(await refusal(pinned, await workshop.make({ to }))).toMatchObject({ code: 'pin_mismatch' });
    expect(await refusal(pinned, await workshop.make({ to, issuer: pinned }))).toMatchObject({ code: 'pin_mismatch' });
  });

  it('of the authority that issued the pinned one: pin_mismatch', async () => {
    const authority = await workshop.make({ ca: true });
    const [pinned, other] = [await workshop.make({ issuer: authority }), await workshop.make({ issuer: authority })];
    expect(await refusal(pinned, other)).toMatchObject({ code: 'pin_mismatch' });
    expect(await refusal(pinned, authority)).toMatchObject({ code: 'pin_mismatch' });
  });
});

describe('the pinned certificate itself: refused before one byte was sent', () => {
  it.each([
    ['expired', { to: '20210101000000Z' }],
    ['not valid yet', { from: '20480101000000Z' }],
    ['expired, able to issue', { to: '20210101000000Z', ca: true }],
  ])('%s: cert_expired', async (_, wish) => {
    const identity = await workshop.make(wish);
    expect(await refusal(identity, identity)).toMatchObject({ code: 'cert_expired' });
  });

  it.each(['DNS:localhost', 'IP:127.0.0.2', 'DNS:127.0.0.1'])('made for %s, called by address', async (names) => {
    const identity = await workshop.make({ names });
    expect(await refusal(identity, identity)).toMatchObject({ code: 'cert_host_mismatch' });
  });

  it('made for an address, called by name', async () => {
    const identity = await workshop.make({ names: 'IP:127.0.0.1' });
    const error = await refusal(identity, identity, { hostname: 'localhost', family: 4 });
    expect(error).toMatchObject({ code: 'cert_host_mismatch' });
  });
});

describe('a handshake that does not succeed', () => {
  it('with a server that knows only an old TLS: tls_failed', async () => {
    const identity = await workshop.make();
    const server = await recordingServer(identity, {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL@SECLEVEL=0',
    });
    const error = await call(server.port, agentFor({ certificate: identity.cert })).catch(
      (failure: unknown) => failure,
    );
    expect(error).toMatchObject({ code: 'tls_failed' });
    expect(server.received()).toBe('');
  });

  it.each<[string, (socket: net.Socket) => void]>([
    ['speaks plain HTTP', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')],
    ['closes at once', (socket) => socket.end()],
    ['resets', (socket) => socket.resetAndDestroy()],
  ])('with a server that %s: tls_failed', async (_, act) => {
    const identity = await workshop.make();
    const server = await listen(net.createServer((socket) => void act(socket.on('error', () => undefined))));
    opened.push(server);
    const error = await call(server.port, agentFor({ certificate: identity.cert })).catch(
      (failure: unknown) => failure,
    );
    expect(error).toMatchObject({ code: 'tls_failed' });
  });

  it('with a server that takes the connection and is silent: connect_timeout', async () => {
    const identity = await workshop.make();
    const server = await listen(net.createServer((socket) => void socket.on('error', () => undefined)));
    opened.push(server);
    const agent = agentFor({ certificate: identity.cert, connectMs: 50 });
    const error = await call(server.port, agent).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'connect_timeout' });
  });

  it('with nobody: the error of the connection', async () => {
    const { port, close } = await listen(http.createServer());
    await close();
    const { cert } = await workshop.make();
    await expect(call(port, agentFor({ certificate: cert }))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('leaves the agent usable: the next request is answered once the right server is there', async () => {
    const [right, wrong] = [await workshop.make(), await workshop.make()];
    const agent = agentFor({ certificate: right.cert });
    const impostor = await recordingServer(wrong);
    await expect(call(impostor.port, agent)).rejects.toMatchObject({ code: 'pin_mismatch' });
    const server = await recordingServer(right);
    expect((await call(server.port, agent)).status).toBe(200);
  });
});

describe('options that cannot work', () => {
  const codeOf = (options: PinnedAgentOptions): string | undefined => {
    try {
      createPinnedAgent(options);
      return undefined;
    } catch (error) {
      return isArleoError(error) ? error.code : String(error);
    }
  };

  it('are refused when the agent is made', async () => {
    const { cert, key } = await workshop.make();
    const sha256 = createHash('sha256').update(new X509Certificate(cert).raw).digest('hex');
    expect(codeOf({ certificate: cert, sha256 })).toBeUndefined();
    expect(codeOf({ certificate: cert, sha256: new X509Certificate(cert).fingerprint256 })).toBeUndefined();
    expect(codeOf({ certificate: cert, sha256: 'ab'.repeat(32) })).toBe('certificate_sha256_mismatch');
    expect(codeOf({ certificate: key })).toBe('certificate_invalid');
    expect(codeOf({ certificate: '' })).toBe('certificate_invalid');
  });
});
