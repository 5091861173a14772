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
  const outcomes = await Promise.all(
    addresses.map(async (address) => ({ address, failed: await connectFailure(address, port, signal) })),
  );
  const value = outcomes.find(({ failed }) => failed === undefined)?.address;
  const dead = outcomes.filter(({ failed }) => failed !== undefined);
  const words = dead.map(({ address, failed }) => `${address}: ${failed}`).join(', ');
  if (value !== undefined) {
    const found: Found[] = dead.length === 0 ? [] : [{ code: 'address_dead', says: words }];
    return { says: `port ${port} open at ${value}`, found, value };
  }
  return {
    says: words,
    found: [{ code: worst(dead.map(({ failed = '' }) => failed)), says: `port ${port}: ${words}` }],
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
