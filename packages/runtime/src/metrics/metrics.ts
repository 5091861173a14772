import type { Hop } from '@arleo/core/errors';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The metrics of one service. */
export interface Metrics {
  /** Counts a finished request; `milliseconds` is its duration. */
  observe(route: string, status: number, milliseconds: number): void;
  /** Adds to the requests in flight. */
  inFlight(change: 1 | -1): void;
  /** Prometheus text. */
  text(): Promise<string>;
  contentType: string;
}

/** Opens a registry with the process's own metrics and the requests of all routes. */
export function openMetrics(hop: Hop): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ hop });
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'arleo_http_requests_total',
    help: 'Finished requests by route and status.',
    labelNames: ['route', 'status'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'arleo_http_request_seconds',
    help: 'Duration of finished requests by route.',
    labelNames: ['route'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [registry],
  });
  let flying = 0;
  new Gauge({
    name: 'arleo_http_requests_in_flight',
    help: 'Requests that are being answered.',
    registers: [registry],
    collect() {
      this.set(flying);
    },
  });
  // Looking a label set up costs more than counting: routes and statuses are few, so each is looked up once.
  const counted = new Map<string, { inc(): void }>();
  const timed = new Map<string, { observe(seconds: number): void }>();
  return {
    observe(route, status, milliseconds) {
      const key = `${route} ${status}`;
      let count = counted.get(key);
      if (!count) {
        count = requests.labels(route, String(status));
        counted.set(key, count);
      }
      count.inc();
      let time = timed.get(route);
      if (!time) {
        time = durations.labels(route);
        timed.set(route, time);
      }
      time.observe(milliseconds / 1000);
    },
    inFlight(change) {
      flying += change;
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
