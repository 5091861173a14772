import { ArleoError } from '@arleo/core/errors';
import { openHostConfig } from '../self-test/host-config.ts';
import { ROLES, type Role, STEPS } from '../self-test/steps.ts';
import { UsageError } from '../usage-error.ts';
import type { Command } from './command.ts';

/** `arleo self-test` */
export const selfTest: Command = {
  name: 'self-test',
  summary: 'prove on a host that what is installed there works: each hop, and one signed call',
  help: `arleo self-test: prove that what is installed on this host works

Usage: arleo self-test [--role nuc|vm|all] [--etc DIR]

  --role ROLE   what the host is, as for install.sh; default all
  --etc DIR     where the configuration is; default /etc
  --json        one line of JSON instead of text, errors too

Asks each hop of the host whether it is ready, asks nginx for the public address on loopback, and calls the tool site_info
through hugo-mcp-proxy as oauth-proxy does, with its token and an actor that it signed. Nothing is changed. Run it as root.
install.sh runs it at its end.
`,
  options: { role: { type: 'string' }, etc: { type: 'string' } },
  async run({ role = 'all', etc = '/etc' }) {
    const known = ROLES.find((name) => name === role);
    if (known === undefined) throw new UsageError('--role is none of nuc, vm, all.', 'See arleo self-test --help.');
    const passed = await runSteps(known, String(etc));
    const lines = passed.map(({ name, ms }) => `ok  ${name.padEnd(16)}${String(ms).padStart(6)} ms\n`);
    return { text: lines.join(''), value: { role: known, steps: passed } };
  },
};

/** All of them, so that the message names every hop that says no. */
async function runSteps(role: Role, etc: string): Promise<{ name: string; ms: number }[]> {
  const config = openHostConfig(etc);
  const passed: { name: string; ms: number }[] = [];
  const faults: { fault: string; hint: string | undefined }[] = [];
  for (const { name, run } of STEPS[role]) {
    const start = performance.now();
    try {
      await run(config);
      passed.push({ name, ms: Math.round(performance.now() - start) });
    } catch (error) {
      const { message, hint } = error as Error & { hint?: string };
      faults.push({ fault: `${name}: ${message}`, hint });
    }
  }
  if (faults.length === 0) return passed;
  const hint = faults.find((one) => one.hint !== undefined)?.hint;
  throw new ArleoError('self_test_failed', faults.map(({ fault }) => fault).join(' | '), {
    hint: hint ?? 'See the log of the first that is named: journalctl -u UNIT.',
  });
}
