import { createHash, timingSafeEqual, type X509Certificate } from 'node:crypto';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import {
  certificateServerName,
  certificateSha256,
  isInTime,
  isMadeFor,
  readCertificate,
} from '@arleo/core/certificates/certificate';
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

/**
 * An https agent for exactly one certificate, and for two while one takes the other's place: they are the only trust
 * anchors, the peer must show one of them (compared by SHA-256), for the host that is called, inside its period of
 * validity. A socket is handed to a request only after all of this held, so that not one byte of a request can reach
 * another peer.
 *
 * A refused connection fails the request with an {@link ArleoError} whose code is a {@link PinFailure}, or
 * `connect_timeout`.
 *
 * @throws {@link ArleoError} `certificate_invalid` or `certificate_sha256_mismatch` for options that cannot work
 */
export function createPinnedAgent(options: PinnedAgentOptions): PinnedAgent {
  const { certificate: pem, sha256 } = options;
  const certificate = readCertificate(pem);
  const expected = sha256?.replaceAll(':', '').toLowerCase();
  if (expected !== undefined && expected !== certificateSha256(certificate)) {
    throw new ArleoError(
      'certificate_sha256_mismatch',
      'The pinned certificate does not have the SHA-256 that was configured beside it.',
      { hint: 'Compare with: openssl x509 -in server.crt -noout -fingerprint -sha256' },
    );
  }
  return new PinnedAgent([certificate], options);
}

interface Pin {
  certificate: X509Certificate;
  digest: Buffer;
}

/** @see {@link createPinnedAgent} */
export class PinnedAgent extends https.Agent {
  #pins: readonly Pin[];
  readonly #connectMs: number;
  /** What each peer showed in its handshake. */
  readonly #shown = new WeakMap<Duplex, string>();

  constructor(
    certificates: readonly X509Certificate[],
    { connectMs = 2000, maxSockets = MAX_CONNECTIONS }: Pick<PinnedAgentOptions, 'connectMs' | 'maxSockets'>,
  ) {
    super({
      keepAlive: true,
      maxSockets,
      maxFreeSockets: maxSockets,
      scheduling: 'lifo',
      timeout: UNUSED_CONNECTION_MS,
    });
    this.#pins = certificates.map(toPin);
    this.#connectMs = connectMs;
  }

  /**
   * Takes these certificates from now on, and asks for the first. Calls in flight end where they are; a connection by
   * another certificate than the first carries no further one.
   */
  pin(certificates: readonly X509Certificate[]): void {
    this.#pins = certificates.map(toPin);
    for (const socket of Object.values(this.freeSockets).flat()) {
      if (socket && !this.#isPreferred(socket)) socket.destroy();
    }
  }

  /** What it takes, the one that it asks for first. */
  pinned(): readonly X509Certificate[] {
    return this.#pins.map(({ certificate }) => certificate);
  }

  /** SHA-256 of the pinned certificate that the peer of this connection has shown; undefined if it is none of ours. */
  shownBy(connection: Duplex): string | undefined {
    return this.#shown.get(connection);
  }

  /** Connections differ by nothing but their target; the long name that the base class makes costs time on each request. */
  override getName(options?: https.RequestOptions): string {
    return `${options?.host}:${options?.port}`;
  }

  override keepSocketAlive(socket: Duplex): boolean {
    // The base class sets the socket's timeout here; the types do not say what it gives back.
    const kept = (super.keepSocketAlive as (socket: Duplex) => unknown).call(this, socket) !== false;
    return kept && this.#isPreferred(socket);
  }

  override createConnection(
    options: tls.ConnectionOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const host = options.host ?? 'localhost';
    const pins = this.#pins;
    const socket = tls.connect({
      host,
      port: options.port,
      localAddress: (options as { localAddress?: string }).localAddress,
      ca: pins.map(({ certificate }) => certificate.toString()),
      // A pinned certificate that an authority issued is a trust anchor all the same.
      allowPartialTrustChain: true,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      // Which certificate is asked for: the host itself is compared with the one that is shown.
      servername: pins[0] && certificateServerName(pins[0].digest.toString('hex')),
      checkServerIdentity: (_name, peer) => refusal(pins, peer.raw, host),
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
    const failed = (error: Error): void => settle(explain(pins, error, connected));
    const closed = (): void => settle(refused('tls_failed'));
    socket.once('connect', () => {
      connected = true;
    });
    socket.on('error', failed);
    socket.once('close', closed);
    socket.once('secureConnect', () => settle(this.#distrust(pins, socket, host) ?? null));
    return undefined;
  }

  /** Looks once more at what the handshake has established, whatever the callbacks before were told. */
  #distrust(pins: readonly Pin[], socket: tls.TLSSocket, host: string): ArleoError | undefined {
    if (!socket.authorized || socket.isSessionReused()) return refused('tls_failed');
    const shown = socket.getPeerX509Certificate();
    const fault = refusal(pins, shown?.raw, host);
    if (shown && !fault) this.#shown.set(socket, certificateSha256(shown));
    return fault;
  }

  #isPreferred(socket: Duplex): boolean {
    const [first] = this.#pins;
    return first !== undefined && this.#shown.get(socket) === first.digest.toString('hex');
  }
}

function toPin(certificate: X509Certificate): Pin {
  return { certificate, digest: digestOf(certificate.raw) };
}

function digestOf(der: Buffer): Buffer {
  return createHash('sha256').update(der).digest();
}

function refusal(pins: readonly Pin[], der: Buffer | undefined, host: string): ArleoError | undefined {
  const digest = der && digestOf(der);
  const pin = digest && pins.find((candidate) => timingSafeEqual(digest, candidate.digest));
  if (!pin) return refused('pin_mismatch');
  if (!isInTime(pin.certificate, Date.now())) return refused('cert_expired');
  return isMadeFor(pin.certificate, host) ? undefined : refused('cert_host_mismatch');
}

function explain(pins: readonly Pin[], error: NodeJS.ErrnoException, connected: boolean): Error {
  if (error instanceof ArleoError) return error;
  const code = error.code ?? '';
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const allInTime = pins.every(({ certificate }) => isInTime(certificate, Date.now()));
    return refused(allInTime ? 'pin_mismatch' : 'cert_expired', error);
  }
  if (chainFailures.has(code)) return refused('pin_mismatch', error);
  return connected || code === 'ECONNRESET' ? refused('tls_failed', error) : error;
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
