import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIPv6, type LookupFunction } from 'node:net';
import { ArleoError } from '@arleo/core/errors';
import { cacheSeconds } from './cache-seconds.ts';
import { hostProblem } from './document-url.ts';
import { isPublicAddress } from './public-address.ts';
import { createHostResolver, type ResolveHost } from './resolve-host.ts';

/** A document may be at most this large. */
export const MAX_DOCUMENT_BYTES = 10 * 1024;

/** Everything together, names, connections, a redirect and the body, may take this long. */
const defaultMaxMs = 5_000;

const maxRedirects = 1;

/** The network that documents come from. */
export interface DocumentNetwork {
  resolve: ResolveHost;
  /** True for an address that may be connected to. */
  mayConnect(address: string): boolean;
  /** The port that https is on; 443 if absent. */
  port?: number;
  /** How long everything together may take; 5,000 ms if absent. */
  maxMs?: number;
  /** PEM of the certificate authorities; the system's if absent. */
  ca?: string;
}

/** The internet and nothing else. */
export const INTERNET: DocumentNetwork = { resolve: createHostResolver(), mayConnect: isPublicAddress };

/** A document as it came. */
export interface FetchedDocument {
  text: string;
  /** How long it need not be asked for again. */
  cacheSeconds: number;
}

/**
 * Fetches the JSON document at `url`. Anybody can make this server ask for any address, so it goes to public ones alone: all
 * addresses of the host are looked at, and the connection is made to exactly these, however the name resolves by then. One
 * redirect is followed within the origin; one to elsewhere would lend the name of a host to whoever finds an open redirector
 * on it.
 *
 * @throws {@link ArleoError} `client_document_unreachable` (with what happened as its cause: that is for the log, since to the
 * outside it would tell of the network here), `client_document_status`, `client_document_too_large`, `client_document_invalid`
 */
export async function fetchDocument(url: URL, network: DocumentNetwork): Promise<FetchedDocument> {
  const { maxMs = defaultMaxMs } = network;
  const signal = AbortSignal.timeout(maxMs);
  try {
    let target = url;
    for (let redirects = 0; ; redirects += 1) {
      const response = await request(target, network, signal);
      const { statusCode = 0, headers } = response;
      if (statusCode === 200)
        return { text: await readText(response), cacheSeconds: cacheSeconds(headers['cache-control']) };
      response.destroy();
      if (![301, 302, 303, 307, 308].includes(statusCode)) {
        throw new ArleoError('client_document_status', `The document’s server answers ${statusCode}.`);
      }
      if (redirects === maxRedirects)
        throw new ArleoError('client_document_status', 'The document is redirected twice.');
      target = redirected(target, headers.location);
    }
  } catch (error) {
    if (error instanceof ArleoError) throw error;
    throw unreachable(signal.aborted ? new Error(`took longer than ${maxMs} ms`) : error);
  }
}

function unreachable(cause: unknown): ArleoError {
  return new ArleoError(
    'client_document_unreachable',
    'The document cannot be fetched from a public address in time.',
    {
      cause,
    },
  );
}

function redirected(from: URL, location: string | undefined): URL {
  const to = location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to?.origin === from.origin && hostProblem(to) === undefined) return to;
  throw new ArleoError('client_document_status', 'The document is redirected to another host.');
}

async function request(url: URL, network: DocumentNetwork, signal: AbortSignal): Promise<IncomingMessage> {
  const addresses = await network.resolve(url.hostname, signal);
  const refused = addresses.find((address) => !network.mayConnect(address));
  if (refused !== undefined || addresses.length === 0)
    throw new Error(`${url.hostname} is at ${refused ?? 'no address'}`);
  return new Promise((resolve, reject) => {
    https
      .get(url, {
        agent: new https.Agent({
          autoSelectFamily: true,
          // Node's default, 250 ms for each address, is less than a slow line needs.
          autoSelectFamilyAttemptTimeout: 1_000,
          keepAlive: false,
          maxCachedSessions: 0,
        }),
        ca: network.ca,
        headers: {
          Accept: 'application/json',
          'Accept-Encoding': 'identity',
          Host: url.host,
          'User-Agent': 'Arleo',
        },
        lookup: pinned(addresses),
        maxHeaderSize: 16 * 1024,
        port: network.port ?? 443,
        rejectUnauthorized: true,
        servername: url.hostname,
        signal,
      })
      .once('response', resolve)
      .on('error', reject);
  });
}

/** Resolves to these addresses, whatever the name: there is no second look-up that could tell another story. */
function pinned(addresses: readonly string[]): LookupFunction {
  const all = addresses.slice(0, 6).map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_host, options, callback) => {
    if (options.all) return callback(null, all);
    const [first] = all;
    callback(null, first?.address ?? '', first?.family);
  };
}

async function readText(response: IncomingMessage): Promise<string> {
  const { headers } = response;
  try {
    const type = (headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
    if (!/^application\/(?:[\w.!#$&^-]+\+)?json$/i.test(type)) {
      throw new ArleoError('client_document_invalid', 'The document is not sent as application/json.');
    }
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
      throw new ArleoError('client_document_invalid', 'The document is sent compressed, which was not asked for.');
    }
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response) {
      size += chunk.length;
      if (size > MAX_DOCUMENT_BYTES) {
        throw new ArleoError('client_document_too_large', `The document is larger than ${MAX_DOCUMENT_BYTES} bytes.`);
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    response.destroy();
  }
}
