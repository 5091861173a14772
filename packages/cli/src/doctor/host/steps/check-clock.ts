import type { Trail } from '../../trail.ts';
import { runProgram } from '../run-program.ts';

/** Whether something keeps the clock of this host right. */
export async function checkClock(trail: Trail): Promise<void> {
  await trail.look('host', 'clock', 6_000, async () => {
    // The clock of a container is the one of its host.
    if ((await runProgram('systemd-detect-virt', ['--container', '--quiet'], 2_000))?.status === 0) {
      return { says: 'a container has the clock of its host' };
    }
    const shown = await runProgram('timedatectl', ['show', '-P', 'NTPSynchronized'], 3_000);
    const answer = shown?.stdout.trim();
    if (answer === 'no')
      return { says: 'not synchronised', found: [{ code: 'clock_unsynchronised', says: 'NTPSynchronized=no' }] };
    return { says: answer === 'yes' ? 'synchronised' : 'cannot be told' };
  });
}
