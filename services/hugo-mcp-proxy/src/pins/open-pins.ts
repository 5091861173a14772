import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { certificateSha256, readCertificate } from '@arleo/core/certificates/certificate';
import { type Pins, pinsFile, readPins, writePins } from '@arleo/core/certificates/pin-state';
import { isArleoError } from '@arleo/core/errors';
import { removeLeftovers } from '@arleo/core/fs/atomic-write';
import { reasonOf } from '@arleo/runtime/proxy/failure';
import type { Lifecycle } from '@arleo/runtime/serve/lifecycle';
import type { Records } from '@arleo/runtime/serve/open-records';
import { createPinnedAgent, type PinnedAgent } from '@arleo/runtime/tls/pinned-agent';
import type { Config } from '../config.ts';
import { askOffer } from './ask-offer.ts';
import { followOffer } from './follow-offer.ts';

/** Milliseconds between two questions, and while a change is under way. */
const askEveryMs = { usually: 10_000, changing: 1_000 };

/**
 * Opens the way to hugo-mcp-server: an agent that lets nothing through but the owner's certificate, or what has followed
 * from it. It goes on asking for the next one; what it pins is on disk before it counts.
 *
 * @throws {@link ArleoError} `pins_damaged`; the file system's own error
 */
export async function openPins(config: Config, { log, audit }: Records, lifecycle: Lifecycle): Promise<PinnedAgent> {
  const { UPSTREAM_CERT: configured, STATE_DIR: stateDir, UPSTREAM_URL: upstream, WEBHOOK_TOKEN: token } = config;
  const agent = createPinnedAgent({ certificate: configured, sha256: config.UPSTREAM_CERT_SHA256 });
  lifecycle.onClose('connections to hugo-mcp-server', () => agent.destroy());
  // What is pinned has to outlast a restart: without a place for it the owner's certificate alone counts.
  if (stateDir === undefined) return agent;
  await mkdir(stateDir, { recursive: true, mode: 0o750 });
  await removeLeftovers(path.join(stateDir, pinsFile));
  let held = await readPins(stateDir, configured);
  agent.pin(certificatesOf(held));

  const host = upstream.hostname.replace(/^\[|\]$/g, '');
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const proof = createProof(token);
  let trouble: string | undefined;

  const ask = async (): Promise<void> => {
    const pins = certificatesOf(held).map((certificate) => certificateSha256(certificate));
    const question = { upstream, agent, pins, signal: stop.signal };
    const shown = proof.due(pins);
    const answered = await askOffer({ ...question, token: shown }).catch((error: Error) => {
      if (shown === undefined || !isArleoError(error, 'upstream_auth')) throw error;
      // Without a token it is told all the same; only that this service uses the next one has to be seen by its calls.
      log.warn('hugo-mcp-server refuses WEBHOOK_TOKEN', { error });
      return askOffer(question);
    });
    if (shown !== undefined) proof.given(pins, answered?.by);
    if (answered === undefined) return;
    const next = followOffer(held, answered.offer, { by: answered.by, host, now: Date.now() });
    if (next === held) return;
    await writePins(stateDir, configured, next);
    record(held, next);
    held = next;
    agent.pin(certificatesOf(held));
  };

  function record(before: Pins, after: Pins): void {
    const known = new Map(all(before).map((pem) => [pem, 'certificate.dropped']));
    for (const pem of all(after)) if (!known.delete(pem)) known.set(pem, 'certificate.pinned');
    for (const [pem, event_type] of known) {
      const certificate = readCertificate(pem);
      const sha256 = certificateSha256(certificate);
      const details = { not_after: new Date(certificate.validTo).toISOString() };
      audit.record({ event_type, result: 'success', resource: sha256, details });
      log.info(event_type, { sha256, ...details });
    }
  }

  /** The same trouble is told once; that hugo-mcp-server cannot be reached is told by the calls that fail. */
  function report(error: Error): void {
    const code = isArleoError(error) ? error.code : reasonOf(error);
    const refused = code === 'next_certificate_refused' || code === 'certificate_invalid';
    if (trouble === error.message) return;
    trouble = error.message;
    if (refused)
      audit.record({
        event_type: 'certificate.refused',
        result: 'denied',
        reason: code,
        details: { why: error.message },
      });
    log[refused ? 'error' : 'warn']('the certificates of hugo-mcp-server are not known', { reason: code, error });
  }

  const again = async (): Promise<void> => {
    try {
      await ask();
      trouble = undefined;
    } catch (error) {
      if (stop.signal.aborted) return;
      report(error as Error);
    }
    if (stop.signal.aborted) return;
    timer = setTimeout(again, held.next === null ? askEveryMs.usually : askEveryMs.changing).unref();
  };
  const asking = again();
  lifecycle.onClose('questions for certificates', async () => {
    stop.abort();
    clearTimeout(timer);
    await asking;
  });
  return agent;
}

/** As long as nothing changes, what was proved holds for so long. */
const provedMs = 300_000;

/** When to show the token: it costs hugo-mcp-server a bcrypt, and is to prove what is pinned and by which one is called. */
function createProof(token: string | undefined) {
  let last: { what: string; at: number } | undefined;
  const what = (pins: readonly string[], by = pins[0]): string => `${pins.join()} by ${by}`;
  return {
    due(pins: readonly string[]): string | undefined {
      const proved = last?.what === what(pins) && (pins.length === 1 || performance.now() - last.at < provedMs);
      return proved ? undefined : token;
    },
    given(pins: readonly string[], by: string | undefined): void {
      last = { what: what(pins, by), at: performance.now() };
    },
  };
}

function all({ present, next }: Pins): string[] {
  return next === null ? [present] : [next, present];
}

/** The next one first: it is asked for. */
function certificatesOf(pins: Pins) {
  return all(pins).map(readCertificate);
}
