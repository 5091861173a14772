import type { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { certificateSha256 } from '@arleo/core/certificates/certificate';
import { readPins } from '@arleo/core/certificates/pin-state';
import { createPinnedAgent } from '@arleo/runtime/tls/pinned-agent';
import { exchange } from '../../probes/exchange.ts';
import { connectFailure } from '../../probes/open-connection.ts';
import { shakeHands } from '../../probes/shake-hands.ts';
import type { Found, Trail } from '../../trail.ts';
import { judgeError } from '../../verdicts/answer.ts';
import { judgeInternalCertificate, period } from '../../verdicts/certificate.ts';
import type { Installed } from '../../walk-host.ts';
import { type InstalledUnit, secretOf } from '../installation.ts';
import { judgeReadiness } from '../readiness.ts';
import type { ServicesSeen } from './ask-services.ts';

/**
 * The machine of the site, as this host reaches it, which no unit's sandbox binds: what a unit does not reach and this does, its
 * sandbox drops.
 *
 * @returns whether calls can go there
 */
export async function checkSiteMachine(units: Installed, seen: ServicesSeen, trail: Trail): Promise<boolean> {
  const proxy = units['hugo-mcp-proxy'];
  const upstream = proxy?.settings.UPSTREAM_URL;
  if (proxy === undefined || upstream === undefined || !URL.canParse(upstream)) return true;
  const url = new URL(upstream);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || 443);
  const reason = seen['hugo-mcp-proxy']?.upstream;

  const reached = await trail.look('tcp', `${url.host}, from this host`, 4_000, async (signal) => {
    const failed = await connectFailure(host, port, signal);
    return { says: failed ?? 'open', found: judgeReach(url, failed, reason), value: failed === undefined };
  });
  if (reached?.value !== true) return false;
  const pinned = await readPinned(proxy);
  if (pinned === undefined) {
    trail.skip('tls', `${url.host}, its certificate`, 'the pinned certificate cannot be read');
    return reason === undefined;
  }
  await trail.look('tls', `${url.host}, its certificate`, 5_000, async (signal) => {
    const shaken = await shakeHands(host, port, host, signal);
    if ('failed' in shaken)
      return { says: shaken.failed, found: [{ code: 'internal_tls_failed', says: shaken.failed }] };
    return { says: period(shaken.certificate), found: judgePinned(shaken.certificate, pinned, host) };
  });
  await askSite(url, pinned, units, trail);
  return reason === undefined;
}

function judgeReach(url: URL, failed: string | undefined, reason: string | undefined): Found[] {
  const found: Found[] = [];
  if (failed === 'silent') return [{ code: 'site_machine_silent', says: `${url.host} does not answer this host` }];
  if (reason === 'connect_timeout') {
    const says = `hugo-mcp-proxy gets only silence from ${url.host}, which answers this host`;
    found.push({ code: 'unit_denies_address', says });
  } else if (failed === undefined && reason !== undefined) found.push(...judgeError(reported(reason)));
  if (failed === 'refused')
    found.push({ code: 'service_refused', says: `${url.host} refuses the connection`, mend: restart });
  else if (failed !== undefined) found.push({ code: 'service_unreachable', says: `${url.host}: ${failed}` });
  return found;
}

const restart =
  'On that host: systemctl status hugo-mcp; journalctl -u hugo-mcp -n 50; compare HOST and PORT there with UPSTREAM_URL here.';

const reported = (reason: string) => ({
  hop: 'hugo-mcp-proxy',
  reason,
  requestId: undefined,
  message: '',
  hint: undefined,
  refusedBy: undefined,
  refusedReason: undefined,
});

/** The certificates that hugo-mcp-proxy takes, PEM: the owner's file, and during a renewal the next one. */
async function readPinned({ folder, settings }: InstalledUnit): Promise<string[] | undefined> {
  try {
    const configured = await readFile(`${folder}/server.crt`, 'utf8');
    const pins = await readPins(settings.STATE_DIR ?? '/var/lib/hugo-mcp-proxy', configured);
    return [pins.present, ...(pins.next === null ? [] : [pins.next])];
  } catch {
    return undefined;
  }
}

function judgePinned(shown: X509Certificate, pinned: readonly string[], host: string): Found[] {
  const sha256 = certificateSha256(shown);
  const known = pinned.map((pem) => certificateSha256(pem));
  if (known.includes(sha256)) return judgeInternalCertificate(shown, host, Date.now());
  const says = `it shows ${sha256.slice(0, 16)}…, pinned is ${known.map((one) => `${one.slice(0, 16)}…`).join(' or ')}`;
  return [{ code: 'pin_mismatch', says }];
}

/** What hugo-mcp-server says of itself to whoever has the token between the hops. */
async function askSite(url: URL, pinned: readonly string[], units: Installed, trail: Trail): Promise<void> {
  // On one host it was asked already.
  if (units['hugo-mcp'] !== undefined) return;
  const front = units['mcp-oauth-proxy'];
  const token = front === undefined ? undefined : await secretOf(front, 'MCP_TOKEN');
  if (token === undefined) {
    trail.skip('hugo-mcp-server', '/readyz there', 'MCP_TOKEN cannot be read here');
    return;
  }
  await trail.look('hugo-mcp-server', '/readyz there', 8_000, async (signal) => {
    let failure: unknown;
    for (const certificate of pinned) {
      const agent = createPinnedAgent({ certificate });
      try {
        const headers = { Authorization: `Bearer ${token}` };
        const answer = await exchange(new URL('/readyz', url), { agent, headers, signal });
        const { says, found } = judgeReadiness(answer, 'hugo-mcp', true);
        return { says, found };
      } catch (error) {
        failure = error;
      } finally {
        agent.destroy();
      }
    }
    const { code, message } = failure as NodeJS.ErrnoException;
    const told = judgeError(reported(code ?? ''));
    return {
      says: code ?? message,
      found: told.every((one) => one.code === 'service_fault') ? [{ code: 'service_hangs', says: message }] : told,
    };
  });
}
