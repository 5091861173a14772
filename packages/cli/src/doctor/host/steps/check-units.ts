import { existsSync } from 'node:fs';
import type { Trail } from '../../trail.ts';
import type { InstalledUnit } from '../installation.ts';
import { judgeUnit, ownUnits, TIMERS, unitStates } from '../units.ts';

/** What nginx is told of this product; where it stands, nginx has to run. */
export const NGINX_SITE = '/etc/nginx/conf.d/mcp.conf';

/** The units, nginx where it stands before them, and whatever timers of this product failed. */
export async function checkUnits(installed: readonly InstalledUnit[], trail: Trail): Promise<void> {
  await trail.look('host', 'units', 12_000, async () => {
    const needed = installed.map(({ unit }) => `${unit}.service`);
    if (existsSync(NGINX_SITE)) needed.push('nginx.service');
    const others = (await ownUnits()).filter((name) => !needed.includes(name) && !TIMERS.includes(name));
    const states = await unitStates([...needed, ...TIMERS, ...others]);
    if (states === undefined) return { says: 'there is no systemd to ask' };
    const found = states.flatMap((state) => {
      const { Id = '' } = state;
      return judgeUnit(state, TIMERS.includes(Id) ? 'if_installed' : needed.includes(Id));
    });
    return {
      says: states
        .filter(({ LoadState }) => LoadState !== 'not-found')
        .map(({ Id, ActiveState }) => `${Id?.replace(/\.service$/, '')} ${ActiveState}`)
        .join(', '),
      found,
    };
  });
}
