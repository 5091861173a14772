import { existsSync } from 'node:fs';
import type { Trail } from '../../trail.ts';
import type { InstalledUnit } from '../installation.ts';
import { judgeUnit, ownUnits, unitStates } from '../units.ts';

/** The units, nginx where it stands before them, and whatever timers of this product failed. */
export async function checkUnits(installed: readonly InstalledUnit[], trail: Trail): Promise<void> {
  await trail.look('host', 'units', 12_000, async () => {
    const needed = installed.map(({ unit }) => `${unit}.service`);
    if (existsSync('/etc/nginx/conf.d/mcp.conf')) needed.push('nginx.service');
    const timers = (await ownUnits()).filter((name) => !needed.includes(name));
    const states = await unitStates([...needed, ...timers]);
    if (states === undefined) return { says: 'there is no systemd to ask' };
    const found = states.flatMap((state) => {
      const { Id = '' } = state;
      return judgeUnit(state, needed.includes(Id) || Id.endsWith('.timer'));
    });
    return {
      says: states.map(({ Id, ActiveState }) => `${Id?.replace(/\.service$/, '')} ${ActiveState}`).join(', '),
      found,
    };
  });
}
