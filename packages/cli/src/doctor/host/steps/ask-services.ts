import { readCertificate } from '@arleo/core/certificates/certificate';
import { identityFiles, readIdentities } from '@arleo/core/certificates/identity-files';
import { createPinnedAgent } from '@arleo/runtime/tls/pinned-agent';
import { type Exchange, exchange } from '../../probes/exchange.ts';
import type { Found, Trail } from '../../trail.ts';
import { judgeInternalCertificate } from '../../verdicts/certificate.ts';
import { type InstalledUnit, UNITS, type Unit } from '../installation.ts';
import { judgeReadiness, type ReadinessSeen } from '../readiness.ts';
import { sandboxDrops } from '../sandbox.ts';

const ports: Record<Unit, string> = { 'mcp-oauth-proxy': '8083', 'hugo-mcp-proxy': '8084', 'hugo-mcp': '8000' };

/** What the services of this host said, by unit. */
export type ServicesSeen = Partial<Record<Unit, ReadinessSeen>>;

/** Each service of this host, at its own door: what it says of itself. */
export async function askServices(installed: readonly InstalledUnit[], trail: Trail): Promise<ServicesSeen> {
  const seen: ServicesSeen = {};
  for (const one of installed) {
    const { unit } = one;
    const layer = UNITS[unit];
    const looked = await trail.look(layer, `${unit} on this host`, 6_000, async (signal) => {
      const identities = identitiesOf(one);
      const [shown] = identities;
      const own = shown === undefined ? [] : judgeInternalCertificate(readCertificate(shown), undefined, Date.now());
      try {
        const read = judgeReadiness(await ask(urlOf(one), identities, signal), unit, false);
        return { says: read.says, found: [...read.found, ...own], value: read };
      } catch (error) {
        const { hostname } = urlOf(one);
        const refused = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
        if (!refused && (await sandboxDrops(unit, hostname.replace(/^\[|\]$/g, '')))) {
          return { says: `lets only others in than ${hostname} (IPAddressAllow=): ask from there`, found: own };
        }
        const found = silence(unit, layer, error as NodeJS.ErrnoException);
        return { says: found.says, found: [found, ...own] };
      }
    });
    if (looked?.value !== undefined) seen[unit] = looked.value;
  }
  return seen;
}

/** The certificates that a service which speaks TLS may show: the one in force, and while it changes the next one. */
function identitiesOf({ unit, folder }: InstalledUnit): string[] {
  if (unit !== 'hugo-mcp') return [];
  const { present, next } = readIdentities(
    identityFiles({ key: `${folder}/server.key`, certificate: `${folder}/server.crt` }),
  );
  return [present.certificate, ...(next === undefined ? [] : [next.certificate])];
}

async function ask(url: URL, identities: readonly string[], signal: AbortSignal): Promise<Exchange> {
  if (url.protocol === 'http:') return exchange(url, { signal });
  let refused: unknown;
  for (const certificate of identities) {
    const agent = createPinnedAgent({ certificate });
    try {
      return await exchange(url, { signal, agent });
    } catch (error) {
      refused = error;
    } finally {
      agent.destroy();
    }
  }
  throw refused;
}

/** Where a service of this host listens. */
export function urlOf({ unit, settings }: InstalledUnit): URL {
  const { HOST = '127.0.0.1', PORT = ports[unit] } = settings;
  const host = HOST === '0.0.0.0' || HOST === '::' ? '127.0.0.1' : HOST;
  return new URL(
    `${unit === 'hugo-mcp' ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${PORT}/readyz`,
  );
}

function silence(unit: Unit, layer: (typeof UNITS)[Unit], { code, message }: NodeJS.ErrnoException): Found {
  const says = `${unit}: ${code ?? message}`;
  if (code === 'ECONNREFUSED') {
    return { code: 'service_refused', layer, says, mend: `systemctl status ${unit}; journalctl -u ${unit} -n 50` };
  }
  if (code === 'pin_mismatch') {
    return {
      code: 'pin_mismatch',
      layer,
      says: `${unit} shows another certificate than /etc/${unit}/server.crt: it was renewed and the service not restarted`,
      mend: `systemctl restart ${unit}`,
    };
  }
  if (code === 'cert_expired') return { code: 'internal_cert_expired', layer, says };
  if (code === 'cert_host_mismatch') return { code: 'internal_cert_name', layer, says };
  const mend = `systemctl status ${unit}; journalctl -u ${unit} -n 50; dmesg | tail`;
  return { code: 'service_hangs', layer, says, mend };
}
