import { existsSync } from 'node:fs';
import { type InstalledUnit, readInstallation } from './host/installation.ts';
import { askServices } from './host/steps/ask-services.ts';
import { callFromHere } from './host/steps/call-from-here.ts';
import { checkBackup } from './host/steps/check-backup.ts';
import { checkClock } from './host/steps/check-clock.ts';
import { checkConfiguration } from './host/steps/check-configuration.ts';
import { checkDisks } from './host/steps/check-disks.ts';
import { checkSecrets } from './host/steps/check-secrets.ts';
import { checkSiteMachine } from './host/steps/check-site-machine.ts';
import { checkUnits, NGINX_SITE } from './host/steps/check-units.ts';
import { askEdge } from './steps/ask-edge.ts';
import { reachEdge } from './steps/reach-edge.ts';
import { readTarget } from './target-url.ts';
import type { Trail } from './trail.ts';
import { walkPublic } from './walk-public.ts';

/**
 * What is installed on this host, from the ground up: configuration, units, clock, disks, backup, secrets, services, the machine of the
 * site, a call from here; then the public address as the world has it.
 *
 * @returns the public address
 */
export async function walkHost({ token }: { token: string | undefined }, trail: Trail): Promise<URL | undefined> {
  const installed = await readInstallation();
  if (installed.length === 0) {
    trail.note('host', 'configuration', null, {
      says: 'nothing is installed here',
      found: [
        {
          code: 'config_missing',
          says: 'there is none of /etc/mcp-oauth-proxy, /etc/hugo-mcp-proxy and /etc/hugo-mcp',
          mend: 'Run it on a host of Arleo, or give the address: arleo doctor https://mcp.example.org/mcp',
        },
      ],
    });
    return undefined;
  }
  const units = Object.fromEntries(installed.map((one) => [one.unit, one])) as Partial<
    Record<InstalledUnit['unit'], InstalledUnit>
  >;
  checkConfiguration(installed, trail);
  await checkUnits(installed, trail);
  await checkClock(trail);
  const hangs = await checkDisks(installed, trail);
  await checkBackup(trail);
  await checkSecrets(units, hangs, trail);
  const seen = await askServices(installed, trail);
  if (await checkSiteMachine(units, seen, trail)) await callFromHere(units, trail);
  else trail.skip('hugo-mcp-server', 'a signed call from here', 'the way to the machine of the site is not free');

  const { PUBLIC_URL } = units['mcp-oauth-proxy']?.settings ?? {};
  return PUBLIC_URL === undefined ? undefined : walkAddress(PUBLIC_URL, token, trail);
}

/** The public address: from here as the world has it, which many routers do not allow; then by the nginx of this host. */
async function walkAddress(publicUrl: string, token: string | undefined, trail: Trail): Promise<URL | undefined> {
  let target: URL;
  try {
    target = readTarget(publicUrl);
  } catch (error) {
    trail.skip('dns', 'PUBLIC_URL', error instanceof Error ? error.message : String(error));
    return undefined;
  }
  if (target.protocol === 'http:' || !existsSync(NGINX_SITE)) {
    await walkPublic({ target, token }, trail);
    return target;
  }
  const open = await reachEdge({ target, fromHost: true }, trail);
  if (open !== undefined) await askEdge(open, trail);
  await walkPublic({ target, token, address: '127.0.0.1' }, trail);
  return target;
}

/** What is installed, by the name of its unit. */
export type Installed = Partial<Record<InstalledUnit['unit'], InstalledUnit>>;
