import https from 'node:https';
import { CERTIFICATE_MAX_BYTES } from '@arleo/core/certificates/certificate';
import { ArleoError } from '@arleo/core/errors';
import type { PinnedAgent } from '@arleo/runtime/tls/pinned-agent';
import * as z from 'zod';
import type { Offer } from './follow-offer.ts';

/** What {@link askOffer} sends. */
export interface OfferQuestion {
  upstream: URL;
  /** Lets nothing but a pinned certificate through. */
  agent: PinnedAgent;
  /** SHA-256 of what is pinned, told to hugo-mcp-server. */
  pins: readonly string[];
  /** A hop token: without one, hugo-mcp-server does not believe what is told. */
  token?: string | undefined;
  signal: AbortSignal;
}

/** Milliseconds for the whole answer. */
const answerMs = 3_000;
const maxAnswerBytes = 3 * CERTIFICATE_MAX_BYTES;

const pem = z.string().max(CERTIFICATE_MAX_BYTES);
const offerSchema = z.object({ present: pem, next: pem.nullable() });

/** An answer, and by which certificate its connection was made. */
export interface AnsweredOffer {
  offer: Offer;
  by: string;
}

/**
 * Asks hugo-mcp-server for its certificates.
 *
 * @returns undefined if it knows no such question
 * @throws {@link ArleoError} a transport reason, `upstream_auth` if it refuses the token, or `upstream_invalid`
 */
export function askOffer({ upstream, agent, pins, token, signal }: OfferQuestion): Promise<AnsweredOffer | undefined> {
  const url = new URL('/internal/certificates', upstream);
  const headers = { 'Arleo-Pins': pins.join(','), ...(token !== undefined && { Authorization: `Bearer ${token}` }) };
  return new Promise((resolve, reject) => {
    const signals = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
    const request = https.get(url, { agent, headers, signal: signals }, (response) => {
      const by = agent.shownBy(response.socket);
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxAnswerBytes) response.destroy(invalid('The answer is too long.'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode } = response;
        if (statusCode === 404) return resolve(undefined);
        if (statusCode === 401) return reject(new ArleoError('upstream_auth', 'The token is refused.'));
        if (statusCode !== 200 || by === undefined) return reject(invalid(`hugo-mcp-server answered ${statusCode}.`));
        try {
          resolve({ offer: offerSchema.parse(JSON.parse(Buffer.concat(chunks).toString('utf8'))), by });
        } catch (cause) {
          reject(new ArleoError('upstream_invalid', 'The answer of hugo-mcp-server names no certificate.', { cause }));
        }
      });
    });
    request.on('error', reject);
  });
}

function invalid(message: string): ArleoError {
  return new ArleoError('upstream_invalid', message);
}
