import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import tls from 'node:tls';

/** What a TLS handshake showed. Nothing is sent over it: whom one talks to is judged afterwards. */
export type Handshake =
  | {
      certificate: X509Certificate;
      protocol: string /** Node's code of what is wrong with the chain. */;
      distrust: string | undefined;
    }
  | { failed: string };

/** @param host the address that is called @param servername whose certificate is wanted; undefined for an address */
export function shakeHands(
  host: string,
  port: number,
  servername: string | undefined,
  signal: AbortSignal,
): Promise<Handshake> {
  return new Promise((resolve) => {
    const named = servername !== undefined && isIP(servername) === 0 ? { servername } : { servername: '' };
    const socket = tls.connect({ host, port, ...named, rejectUnauthorized: false });
    const settle = (handshake: Handshake): void => {
      resolve(handshake);
      socket.destroy();
    };
    signal.addEventListener('abort', () => settle({ failed: 'silent' }), { once: true });
    socket.on('error', (error: NodeJS.ErrnoException) => settle({ failed: error.code ?? error.message }));
    socket.once('close', () => settle({ failed: 'closed' }));
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate === undefined) return settle({ failed: 'no certificate' });
      // The name is judged by itself: Node's error of it would hide others.
      const distrust = socket.authorized ? undefined : String(socket.authorizationError ?? 'not trusted');
      return settle({ certificate, protocol: socket.getProtocol() ?? '', distrust });
    });
  });
}
