import { type InstalledUnit, readInstallation } from './host/installation.ts';
import { askServices } from './host/steps/ask-services.ts';
import { callFromHere } from './host/steps/call-from-here.ts';
import { checkClock } from './host/steps/check-clock.ts';
import { checkConfiguration } from './host/steps/check-configuration.ts';
import { checkDisks } from './host/steps/check-disks.ts';
import { checkSecrets } from './host/steps/check-secrets.ts';
import { checkSiteMachine } from './host/steps/check-site-machine.ts';
import { checkUnits } from './host/steps/check-units.ts';
import { readTarget } from './target-url.ts';
import type { Trail } from './trail.ts';
import { walkPublic } from './walk-public.ts';

/**
 * What is installed on this host, from the ground up: configuration, units, disks, clock, secrets, services, the machine of the
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
  await checkDisks(installed, trail);
  await checkSecrets(units, trail);
  const seen = await askServices(installed, trail);
  await checkSiteMachine(units, seen, trail);
  await callFromHere(units, trail);

  const { PUBLIC_URL } = units['mcp-oauth-proxy']?.settings ?? {};
  if (PUBLIC_URL === undefined || !URL.canParse(PUBLIC_URL)) return undefined;
  const target = readTarget(`${new URL(PUBLIC_URL).origin}/mcp`);
  await walkPublic({ target, token }, trail);
  return target;
}

/** What is installed, by the name of its unit. */
export type Installed = Partial<Record<InstalledUnit['unit'], InstalledUnit>>;
