import http, { type IncomingMessage, type RequestListener } from 'node:http';
import net from 'node:net';
import type { Reason } from '@arleo/core/reasons';
import { createForwarder, type ForwarderOptions, type ForwardLimits } from '../src/proxy/forward.ts';
import { type Listening, listen, signal } from './servers.ts';

/** What a test has opened; closed after it, the last first. */
export const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

/** Starts a server that is closed after the test. */
export async function started(server: net.Server): Promise<Listening> {
  const listening = await listen(server);
  opened.push(listening);
  return listening;
}

/** Limits that no test reaches unless it says so: a failure must never come from a slow machine. */
const patient: ForwardLimits = {
  connectMs: 20_000,
  firstByteMs: 20_000,
  idleMs: 20_000,
  callMs: 60_000,
  maxBodyBytes: 1024,
  discardBytes: 64 * 1024,
};

/** A hop that forwards, and what it could not complete. */
export interface Hop extends Listening {
  failures: { reason: Reason; error: Error | undefined }[];
  failed: Promise<Reason>;
}

/** A hop in front of whatever listens at this port. */
export async function hop(
  upstreamPort: number,
  limits: Partial<ForwardLimits> = {},
  more: Partial<ForwarderOptions> = {},
) {
  const failures: Hop['failures'] = [];
  const failed = signal<Reason>();
  const agent = new http.Agent({ keepAlive: true });
  const forward = createForwarder({
    hop: 'hugo-mcp-proxy',
    target: new URL(`http://127.0.0.1:${upstreamPort}/mcp`),
    agent,
    limits: { ...patient, ...limits },
    onFailure: (reason, error) => {
      failures.push({ reason, error });
      failed.resolve(reason);
    },
    ...more,
  });
  const server = await started(
    http.createServer((request, response) => {
      const context = { requestId: 'r1', startedAt: performance.now(), clientAddress: '127.0.0.1', path: '/mcp' };
      forward(request, response, context, ['authorization', 'Bearer hop', 'x-request-id', 'r1']);
    }),
  );
  opened.push({ close: async () => agent.destroy() });
  return { ...server, failures, failed: failed.promise };
}

/** A hop in front of an upstream that answers with `listener`. */
export async function hopTo(
  listener: RequestListener,
  limits: Partial<ForwardLimits> = {},
  more: Partial<ForwarderOptions> = {},
) {
  return hop((await started(http.createServer(listener))).port, limits, more);
}

/** A hop in front of an upstream that does with its connections what it likes. */
export async function hopToRaw(onConnection: (socket: net.Socket) => void, limits: Partial<ForwardLimits> = {}) {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  return hop((await started(server)).port, limits);
}

/** A body, read whole. */
export function readAll(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks)));
  });
}
