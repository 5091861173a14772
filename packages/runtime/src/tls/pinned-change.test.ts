import { X509Certificate } from 'node:crypto';
import https from 'node:https';
import tls from 'node:tls';
import { certificateServerName, certificateSha256 } from '@arleo/core/certificates/certificate';
import { certificateWorkshop, type Identity } from '../../test/certificates.ts';
import { send } from '../../test/client.ts';
import { listen } from '../../test/servers.ts';
import { createPinnedAgent, type PinnedAgent } from './pinned-agent.ts';

let workshop: Awaited<ReturnType<typeof certificateWorkshop>>;
const opened: { close(): Promise<void> | void }[] = [];
beforeAll(async () => {
  workshop = await certificateWorkshop();
});
afterAll(() => workshop.dispose());
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

/** Shows what is asked for by server name, and else the first; `/wait` is answered when it is told. */
async function startServer(first: Identity, second = first) {
  const contexts = new Map(
    [first, second].map((one) => [certificateServerName(certificateSha256(one.cert)), tls.createSecureContext(one)]),
  );
  let release = () => {};
  const waiting = new Promise<void>((resolve) => {
    release = resolve;
  });
  const shown: string[] = [];
  const SNICallback = (name: string, done: (error: Error | null, context?: tls.SecureContext) => void) =>
    done(null, contexts.get(name));
  const server = https.createServer({ ...first, SNICallback }, async (request, response) => {
    const own = (request.socket as tls.TLSSocket).getX509Certificate();
    shown.push(own && certificateSha256(own) === certificateSha256(first.cert) ? 'old' : 'next');
    if (request.url === '/wait') await waiting;
    response.end('well');
  });
  server.on('tlsClientError', () => undefined);
  const listening = await listen(server, 'https');
  opened.push(listening);
  const at = (path: string) => `https://127.0.0.1:${listening.port}${path}`;
  return { shown, release, at };
}

/** An agent that began with the last of them. */
function agentFor(...pinned: Identity[]): PinnedAgent {
  const agent = createPinnedAgent({ certificate: pinned.at(-1)?.cert ?? '' });
  opened.push({ close: () => agent.destroy() });
  agent.pin(pins(...pinned));
  return agent;
}

const pins = (...identities: Identity[]) => identities.map(({ cert }) => new X509Certificate(cert));

it('asks for the first, takes both, and uses connections by the other no further', async () => {
  const [old, next] = [await workshop.make(), await workshop.make()];
  const { at, shown, release } = await startServer(old, next);
  const agent = agentFor(old);
  await send(at('/'), { agent });
  const begun = send(at('/wait'), { agent });
  while (shown.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  agent.pin(pins(next, old));
  await send(at('/'), { agent });
  release();
  expect((await begun).status).toBe(200);
  for (let round = 0; round < 3; round += 1) expect((await send(at('/'), { agent })).status).toBe(200);
  expect(shown).toEqual(['old', 'old', 'next', 'next', 'next', 'next']);
  expect(agent.pinned().map(({ raw }) => raw)).toEqual(pins(next, old).map(({ raw }) => raw));
});

it('takes the old one of a server that does not know the next', async () => {
  const [old, next] = [await workshop.make(), await workshop.make()];
  const { at, shown } = await startServer(old);
  const agent = agentFor(next, old);
  for (let round = 0; round < 2; round += 1) expect((await send(at('/'), { agent })).status).toBe(200);
  expect(shown).toEqual(['old', 'old']);
});

it('drops one: its connections, and every new one by it', async () => {
  const [old, next] = [await workshop.make(), await workshop.make()];
  const { at, shown } = await startServer(old);
  const agent = agentFor(old);
  await send(at('/'), { agent });
  agent.pin(pins(next));
  await expect(send(at('/'), { agent })).rejects.toMatchObject({ code: 'pin_mismatch' });
  expect(shown).toHaveLength(1);
});

it('takes no third one, and none that a pinned one has issued', async () => {
  const [old, next] = [await workshop.make({ ca: true }), await workshop.make({ ca: true })];
  const others = [await workshop.make(), await workshop.make({ issuer: old }), await workshop.make({ issuer: next })];
  for (const other of others) {
    const { at, shown } = await startServer(other);
    await expect(send(at('/'), { agent: agentFor(next, old) })).rejects.toMatchObject({ code: 'pin_mismatch' });
    expect(shown).toEqual([]);
  }
});

it('tells that one is over where the other is in time', async () => {
  const [old, next] = [await workshop.make({ to: '20210101000000Z' }), await workshop.make()];
  const { at } = await startServer(old);
  await expect(send(at('/'), { agent: agentFor(next, old) })).rejects.toMatchObject({ code: 'cert_expired' });
});
