import { once } from 'node:events';
import net from 'node:net';
import type { Found, Seen } from '../trail.ts';

/** Milliseconds that one address may take. */
const CONNECT_MS = 3_000;

/** Opens and closes a TCP connection to each address, all at once. @returns the first that takes one */
export async function openConnection(
  addresses: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<Seen<string>> {
  const outcomes = addresses.map(async (address) => ({ address, failed: await connectFailure(address, port, signal) }));
  return judgeConnections(await Promise.all(outcomes), port);
}

/** How a connection to an address went: `failed` as {@link connectFailure} says it. */
interface Outcome {
  address: string;
  failed: string | undefined;
}

/** What this machine itself says where it has no such network, IPv6 mostly: it tells nothing of the address. */
const NO_NETWORK: ReadonlySet<string | undefined> = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** What the connections to all addresses of a name tell together. @returns the first address that takes one */
export function judgeConnections(outcomes: readonly Outcome[], port: number): Seen<string> {
  const value = outcomes.find(({ failed }) => failed === undefined)?.address;
  const failures = outcomes.filter(({ failed }) => failed !== undefined);
  const say = (some: readonly Outcome[]): string =>
    some.map(({ address, failed }) => `${address}: ${failed}`).join(', ');
  if (value !== undefined) {
    const dead = failures.filter(({ failed }) => !NO_NETWORK.has(failed));
    const untried = failures.filter(({ failed }) => NO_NETWORK.has(failed)).map(({ address }) => address);
    const found: Found[] = dead.length === 0 ? [] : [{ code: 'address_dead', says: say(dead) }];
    const rest = untried.length === 0 ? '' : `; this machine has no network to ${untried.join(', ')}`;
    return { says: `port ${port} open at ${value}${rest}`, found, value };
  }
  const words = say(failures);
  return {
    says: words,
    found: [{ code: worst(failures.map(({ failed = '' }) => failed)), says: `port ${port}: ${words}` }],
  };
}

function worst(failures: readonly string[]): 'tcp_refused' | 'tcp_silent' | 'tcp_unreachable' {
  if (failures.includes('refused')) return 'tcp_refused';
  return failures.includes('silent') ? 'tcp_silent' : 'tcp_unreachable';
}

/** `refused`, `silent`, or the code of the system's error; undefined if the connection was taken. */
export async function connectFailure(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]);
  const socket = net.connect({ host, port });
  try {
    await once(socket, 'connect', { signal: within });
    return undefined;
  } catch (error) {
    if (within.aborted) return 'silent';
    const { code = 'failed' } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED') return 'refused';
    return code === 'ETIMEDOUT' ? 'silent' : code;
  } finally {
    socket.on('error', () => undefined).destroy();
  }
}
