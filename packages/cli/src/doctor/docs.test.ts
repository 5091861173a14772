import { readFileSync } from 'node:fs';
import { FINDINGS } from './findings/all-findings.ts';

const page = readFileSync(new URL('../../../../docs/doctor.md', import.meta.url), 'utf8');

/** A row of the page's table of findings. */
const rows = [...page.matchAll(/^\| `([a-z_]+)` +\| (\S+) +\| (warning|failure) +\| (.+?) +\| (.+?) +\|$/gm)].map(
  ([, code, layer, severity, why, mend]) => ({ code, layer, severity, why, mend }),
);

test('docs/doctor.md explains every finding in the words of doctor, and none that does not exist', () => {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const known = Object.entries(FINDINGS).map(([code, { layer, severity, why, mend }]) => ({
    code,
    layer,
    severity,
    why: cell(why),
    mend: cell(mend),
  }));
  expect(rows).toEqual(known);
});
