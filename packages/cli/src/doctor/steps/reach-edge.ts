import { openConnection } from '../probes/open-connection.ts';
import { notPublic, resolveName } from '../probes/resolve-name.ts';
import { shakeHands } from '../probes/shake-hands.ts';
import { isLoopback } from '../target-url.ts';
import type { Trail } from '../trail.ts';
import { isOfCloudflareOrigin, judgePublicCertificate, period } from '../verdicts/certificate.ts';
import type { OpenWay, PublicWay } from '../walk-public.ts';

/** DNS, TCP and TLS. @returns the way, if there is a connection at its end */
export async function reachEdge(way: PublicWay, trail: Trail): Promise<OpenWay | undefined> {
  const { target } = way;
  const secure = target.protocol === 'https:';
  const port = Number(target.port || (secure ? 443 : 80));
  let addresses: readonly string[] | undefined = way.address === undefined ? undefined : [way.address];
  if (addresses === undefined) {
    const resolved = await trail.look('dns', target.hostname, 5_000, async (signal) => {
      const seen = await resolveName(target.hostname, signal);
      const hidden = notPublic(seen.value ?? []);
      if (way.outside !== true || hidden.length === 0 || isLoopback(target.hostname)) return seen;
      return { ...seen, found: [{ code: 'dns_private' as const, says: hidden.join(', ') }] };
    });
    addresses = resolved?.value;
  } else trail.skip('dns', target.hostname, `${way.address} is called in its place`);
  if (addresses === undefined) return undefined;

  const found = addresses;
  const connected = await trail.look('tcp', `port ${port}`, 5_000, async (signal) => {
    const seen = await openConnection(found, port, signal);
    if (way.fromHost !== true || seen.value !== undefined) return seen;
    return { ...seen, found: [{ code: 'no_way_back' as const, says: `port ${port}: ${seen.says}` }] };
  });
  const address = connected?.value;
  if (address === undefined) return undefined;
  if (!secure) return { ...way, address, verify: true };

  const trusted = await trail.look('tls', 'certificate', 5_000, async (signal) => {
    const shaken = await shakeHands(address, port, target.hostname, signal);
    if ('failed' in shaken)
      return { says: shaken.failed, found: [{ code: 'tls_failed' as const, says: shaken.failed }] };
    const { certificate, protocol, distrust } = shaken;
    const wrong = judgePublicCertificate(certificate, distrust, target.hostname, Date.now());
    // Cloudflare trusts it, and nobody else has to: but no token goes there, for anyone could name that issuer.
    const forCloudflare = way.address !== undefined && isOfCloudflareOrigin(certificate);
    return {
      says: `${protocol}, ${period(certificate)}${forCloudflare ? ', for Cloudflare alone (Origin CA)' : ''}`,
      found: wrong.filter(({ code }) => code !== 'cert_untrusted' || !forCloudflare),
      value: wrong.every(({ code }) => code === 'cert_expiring'),
    };
  });
  return trusted?.value === undefined ? undefined : { ...way, address, verify: trusted.value };
}
