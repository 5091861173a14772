import { realpath } from 'node:fs/promises';
import type { Ports } from '../options.ts';
import type { StateLayout } from '../state/layout.ts';
import type { PreparedState } from '../state/prepare-state.ts';
import { describeExit, type ServiceProcess, serviceFailed, startService } from './service-process.ts';
import { type Addresses, addresses, PROCESSES, type ProcessName, publicLinkOf, serviceSpecs } from './services.ts';

/** A running stack. */
export interface Stack {
  readonly addresses: Addresses;
  readonly layout: StateLayout;
  readonly state: PreparedState;
  service(name: ProcessName): ServiceProcess;
  /** Starts a stopped process again, on its old port, with further environment if given. */
  restart(name: ProcessName, env?: Record<string, string>): Promise<ServiceProcess>;
  /** Rejects when a process ends that nobody asked to stop; never resolves. */
  readonly failure: Promise<never>;
  /** Waits until a release of the site is live and every hop says that it is ready. */
  published(): Promise<void>;
  /** Stops all, the front door first so that nothing in flight loses its upstream. */
  close(): Promise<void>;
}

/** What a stack is started from. */
export interface StackOptions {
  layout: StateLayout;
  state: PreparedState;
  ports: Ports;
  /** The https address that leads to oauth-proxy from outside. */
  publicUrl?: string | undefined;
  /** Further environment by process, for tests. */
  env?: Partial<Record<ProcessName, Record<string, string>>>;
  /** Told about each process that is ready. */
  onReady?: (name: ProcessName) => void;
}

const PUBLISH_MS = 120_000;
const LOOK_EVERY_MS = 50;

/**
 * Starts the three services and the static server from their bundles.
 *
 * @throws ArleoError `service_failed`; everything else is stopped by then
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { layout, state, ports, publicUrl } = options;
  const { site, branch, mcpToken, certificate } = state;
  const plan = { layout, ports, site, branch, mcpToken, certificate, publicUrl };
  const specs = serviceSpecs({ ...plan, ...(options.env && { env: options.env }) });
  const running = new Map<ProcessName, ServiceProcess>();
  const expected = new Set<number>();
  let fail: (error: Error) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failure.catch(() => {});

  const start = async (name: ProcessName, env: Record<string, string> = {}): Promise<ServiceProcess> => {
    const spec = { ...specs[name], env: { ...specs[name].env, ...env } };
    const service = watched(await startService(spec), expected);
    running.set(name, service);
    service.exited.then((exit) => {
      if (!expected.has(service.pid))
        fail(serviceFailed(spec, `ended by itself (${describeExit(exit)})`, service.tail()));
    });
    options.onReady?.(name);
    return service;
  };

  const close = async () => {
    for (const name of PROCESSES) await running.get(name)?.stop();
  };

  const starts = await Promise.allSettled(PROCESSES.map((name) => start(name)));
  const failed = starts.find((outcome) => outcome.status === 'rejected');
  if (failed) {
    await close();
    throw failed.reason;
  }

  const service = (name: ProcessName): ServiceProcess => {
    const found = running.get(name);
    if (!found) throw new Error(`no process ${name}`);
    return found;
  };
  return {
    addresses: addresses(ports, publicUrl),
    layout,
    state,
    service,
    restart: start,
    failure,
    published: async () => {
      const link = publicLinkOf(layout, state.site);
      const { oauthProxyUrl } = addresses(ports);
      const live = async () => Boolean(await realpath(link).catch(() => undefined)) && (await isReady(oauthProxyUrl));
      const published = await Promise.race([waitFor(live), failure]);
      if (!published) {
        const server = service('hugo-mcp-server');
        throw serviceFailed(specs['hugo-mcp-server'], `has published nothing in ${PUBLISH_MS / 1000} s`, server.tail());
      }
    },
    close,
  };
}

/** The same process, which notes its stop as asked for. */
function watched(service: ServiceProcess, expected: Set<number>): ServiceProcess {
  return {
    ...service,
    get running() {
      return service.running;
    },
    stop: (graceMs) => {
      expected.add(service.pid);
      return service.stop(graceMs);
    },
    kill: (signal) => {
      expected.add(service.pid);
      service.kill(signal);
    },
  };
}

async function waitFor(condition: () => Promise<boolean>): Promise<boolean> {
  const end = Date.now() + PUBLISH_MS;
  while (Date.now() < end) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return false;
}

/** Asks the front door, which asks the hops behind it. */
async function isReady(oauthProxyUrl: string): Promise<boolean> {
  const answer = await fetch(`${oauthProxyUrl}/readyz`).catch(() => undefined);
  await answer?.text();
  return answer?.ok ?? false;
}
