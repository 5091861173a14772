import type { Found } from '../trail.ts';
import { runProgram } from './run-program.ts';

const PROPERTIES = ['Id', 'LoadState', 'ActiveState', 'UnitFileState', 'Result', 'ExecMainStatus', 'NRestarts'];

/** What systemd says of a unit. */
export type UnitState = Readonly<Record<string, string>>;

/** The states of units; undefined where there is no systemd to ask. */
export async function unitStates(units: readonly string[]): Promise<UnitState[] | undefined> {
  const shown = await runProgram('systemctl', ['show', '-p', PROPERTIES.join(','), ...units], 5_000);
  if (shown?.status !== 0) return undefined;
  return shown.stdout
    .trim()
    .split(/\n\n+/)
    .map((block) =>
      Object.fromEntries(
        block.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      ),
    );
}

/** The timers that have to run where they are installed. */
export const TIMERS = ['arleo-backup.timer', 'arleo-cert-renew.timer'];

/** The timers of this product, what they start, and everything of it that failed. */
export async function ownUnits(): Promise<string[]> {
  const patterns = ['arleo-*', 'mcp-oauth-proxy*', 'hugo-mcp*'];
  const args = ['list-units', '--all', '--plain', '--no-legend', '--type=timer,service', ...patterns];
  const listed = await runProgram('systemctl', args, 5_000);
  return (listed?.stdout ?? '').split('\n').flatMap((line) => /^\S+\.(?:timer|service)\b/.exec(line)?.[0] ?? []);
}

/** As many restarts as a unit may have had since it was loaded before it is worth a word. */
const manyRestarts = 3;

/** What is wrong with a unit. @param needed it has to run (and is not one that a timer starts), or `if_installed` */
export function judgeUnit(state: UnitState, needed: boolean | 'if_installed'): Found[] {
  const { Id = 'a unit', LoadState, ActiveState, UnitFileState, Result, ExecMainStatus, NRestarts } = state;
  const mend = (text: string): { mend: string } => ({ mend: text.replaceAll('UNIT', Id) });
  if (LoadState === 'not-found') return needed === true ? [{ code: 'unit_missing', says: Id }] : [];
  if (ActiveState === 'failed') {
    if (ExecMainStatus === '78') {
      const etc = Id.replace(/\.service$/, '');
      const first = `journalctl -u ${Id} -n 50 has one line for each variable; mend /etc/${etc}/.env, then: systemctl restart ${Id}`;
      return [{ code: 'unit_config', says: Id, mend: first }];
    }
    const says = `${Id}: ${Result}, exit status ${ExecMainStatus}`;
    return [{ code: 'unit_failed', says, ...mend('journalctl -u UNIT -n 50; after mending: systemctl restart UNIT') }];
  }
  const runs = ActiveState === 'active' || ActiveState === 'activating' || ActiveState === 'reloading';
  if (needed && !runs) {
    return [{ code: 'unit_inactive', says: `${Id} is ${ActiveState}`, ...mend('systemctl enable --now UNIT') }];
  }
  const found: Found[] = [];
  if (needed && UnitFileState === 'disabled') {
    found.push({ code: 'unit_disabled', says: Id, ...mend('systemctl enable UNIT') });
  }
  if (needed && Number(NRestarts) >= manyRestarts) {
    const says = `${Id} was started again ${NRestarts} times`;
    found.push({ code: 'unit_restarts', says, ...mend('journalctl -u UNIT -p warning -n 50') });
  }
  return found;
}
