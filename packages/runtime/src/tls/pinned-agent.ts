import { createHash, timingSafeEqual, X509Certificate } from 'node:crypto';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { ArleoError } from '@arleo/core/errors';
import { MAX_CONNECTIONS, UNUSED_CONNECTION_MS } from '../proxy/keep-alive-agent.ts';

/** Why a pinned connection was refused; each is also a key of `REASONS`. */
export type PinFailure = 'pin_mismatch' | 'cert_expired' | 'cert_host_mismatch' | 'tls_failed';

/** What {@link createPinnedAgent} needs. */
export interface PinnedAgentOptions {
  /** The one certificate that is trusted, PEM. Of several in the text the first counts. */
  certificate: string;
  /** SHA-256 of the certificate as hex, colons allowed. When given, `certificate` must have it. */
  sha256?: string | undefined;
  /** Milliseconds for TCP connect and TLS handshake together; 2,000 if absent. */
  connectMs?: number;
  /** Sockets open at the same time at most; as many as the server's own limit if absent, so that no request queues. */
  maxSockets?: number;
}

/** SHA-256 of a PEM certificate's DER form, lower-case hex. */
export function certificateSha256(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
}

/**
 * An https agent for exactly one certificate: it is the only trust anchor, the peer must show that very certificate
 * (compared by SHA-256), for the host that is called, inside its period of validity. A socket is handed to a request
 * only after all of this held, so that not one byte of a request can reach another peer.
 *
 * A refused connection fails the request with an {@link ArleoError} whose code is a {@link PinFailure}, or
 * `connect_timeout`.
 *
 * @throws {@link ArleoError} `certificate_invalid` or `certificate_sha256_mismatch` for options that cannot work
 */
export function createPinnedAgent(options: PinnedAgentOptions): https.Agent {
  return new PinnedAgent(readPinned(options), options);
}

interface Pinned {
  certificate: X509Certificate;
  digest: Buffer;
}

function readPinned({ certificate: pem, sha256 }: PinnedAgentOptions): Pinned {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (cause) {
    throw new ArleoError('certificate_invalid', 'The pinned certificate is not a certificate in PEM form.', { cause });
  }
  const digest = digestOf(certificate.raw);
  const expected = sha256?.replaceAll(':', '').toLowerCase();
  if (expected !== undefined && expected !== digest.toString('hex')) {
    throw new ArleoError(
      'certificate_sha256_mismatch',
      'The pinned certificate does not have the SHA-256 that was configured beside it.',
      { hint: 'Compare with: openssl x509 -in server.crt -noout -fingerprint -sha256' },
    );
  }
  return { certificate, digest };
}

function digestOf(der: Buffer): Buffer {
  return createHash('sha256').update(der).digest();
}

class PinnedAgent extends https.Agent {
  readonly #pinned: Pinned;
  readonly #connectMs: number;

  constructor(pinned: Pinned, { connectMs = 2000, maxSockets = MAX_CONNECTIONS }: PinnedAgentOptions) {
    super({
      keepAlive: true,
      maxSockets,
      maxFreeSockets: maxSockets,
      scheduling: 'lifo',
      timeout: UNUSED_CONNECTION_MS,
    });
    this.#pinned = pinned;
    this.#connectMs = connectMs;
  }

  /** Connections differ by nothing but their target; the long name that the base class makes costs time on each request. */
  override getName(options?: https.RequestOptions): string {
    return `${options?.host}:${options?.port}`;
  }

  override createConnection(
    options: tls.ConnectionOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const host = options.host ?? 'localhost';
    const socket = tls.connect({
      host,
      port: options.port,
      ca: [this.#pinned.certificate.toString()],
      // A pinned certificate that an authority issued is a trust anchor all the same.
      allowPartialTrustChain: true,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      // An IP address is no server name (RFC 6066 section 3); it is still compared with the certificate.
      servername: isIP(host) ? '' : host,
      checkServerIdentity: (_name, peer) => this.#refusal(peer.raw, host),
      // No `session` is ever given: a resumed one would carry no certificate that could be compared.
    } as tls.ConnectionOptions);
    socket.setNoDelay(true);
    const timer = setTimeout(() => {
      settle(new ArleoError('connect_timeout', 'No TLS connection to the next hop in time.'));
    }, this.#connectMs);
    let connected = false;
    let settled = false;
    const settle = (error: Error | null): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      socket.removeListener('close', closed);
      if (error) socket.destroy();
      else socket.removeListener('error', failed);
      callback?.(error, socket);
    };
    const failed = (error: Error): void => settle(this.#explain(error, connected));
    const closed = (): void => settle(refused('tls_failed'));
    socket.once('connect', () => {
      connected = true;
    });
    socket.on('error', failed);
    socket.once('close', closed);
    socket.once('secureConnect', () => settle(this.#distrust(socket, host) ?? null));
    return undefined;
  }

  /** Looks once more at what the handshake has established, whatever the callbacks before were told. */
  #distrust(socket: tls.TLSSocket, host: string): ArleoError | undefined {
    if (!socket.authorized || socket.isSessionReused()) return refused('tls_failed');
    return this.#refusal(socket.getPeerX509Certificate()?.raw, host);
  }

  #refusal(der: Buffer | undefined, host: string): ArleoError | undefined {
    if (!der || !timingSafeEqual(digestOf(der), this.#pinned.digest)) return refused('pin_mismatch');
    const { certificate } = this.#pinned;
    if (!this.#inTime()) return refused('cert_expired');
    const named = isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host);
    return named ? undefined : refused('cert_host_mismatch');
  }

  #inTime(): boolean {
    const { validFrom, validTo } = this.#pinned.certificate;
    const now = Date.now();
    return now >= Date.parse(validFrom) && now <= Date.parse(validTo);
  }

  #explain(error: NodeJS.ErrnoException, connected: boolean): Error {
    if (error instanceof ArleoError) return error;
    const code = error.code ?? '';
    if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
      return refused(this.#inTime() ? 'pin_mismatch' : 'cert_expired', error);
    }
    if (chainFailures.has(code)) return refused('pin_mismatch', error);
    return connected || code === 'ECONNRESET' ? refused('tls_failed', error) : error;
  }
}

/** What OpenSSL says when a certificate does not lead to the only trust anchor. */
const chainFailures = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
]);

const messages: Record<PinFailure, string> = {
  pin_mismatch: 'The next hop showed another certificate than the pinned one.',
  cert_expired: 'The pinned certificate is outside its period of validity.',
  cert_host_mismatch: 'The pinned certificate is not made for this address.',
  tls_failed: 'The TLS handshake failed.',
};

function refused(code: PinFailure, cause?: unknown): ArleoError {
  return new ArleoError(code, messages[code], cause === undefined ? {} : { cause });
}
