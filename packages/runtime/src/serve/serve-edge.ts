import { createEdge, type EdgeOptions } from '../http/edge.ts';
import { openMetrics } from '../metrics/metrics.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Records } from './open-records.ts';
import { type RunningServer, type ServeOptions, serve } from './serve.ts';

/** What {@link serveEdge} needs beside the edge's own options. */
export interface ServeEdgeOptions extends Omit<EdgeOptions, 'metrics'>, Pick<ServeOptions, 'tls'> {
  config: { HOST: string; PORT: number; DRAIN_SECONDS: number };
  lifecycle: Lifecycle;
  records: Records;
}

/**
 * Serves the edge of a service, not ready any more from the moment that it stops, and says so in both logs.
 *
 * @throws Error of `listen`, such as EADDRINUSE
 */
export async function serveEdge(options: ServeEdgeOptions): Promise<RunningServer> {
  const { hop, config, lifecycle, records, tls, ready, ...edge } = options;
  const server = await serve({
    hop,
    listener: createEdge({
      ...edge,
      hop,
      ready: () => (server.draining() ? { ready: false, problems: ['stopping'] } : ready()),
      metrics: openMetrics(hop),
    }),
    host: config.HOST,
    port: config.PORT,
    ...(tls && { tls }),
    drainMs: config.DRAIN_SECONDS * 1000,
  });
  lifecycle.onClose('server', () => server.close());
  records.audit.record({ event_type: 'service.started', result: 'success' });
  records.log.info('ready', { url: server.url });
  return server;
}
