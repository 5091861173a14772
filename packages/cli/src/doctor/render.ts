import type { Report, Step } from './report.ts';

const words: Record<Step['state'], string> = { ok: 'ok', warning: 'WARN', failure: 'FAIL', skipped: '-' };
/** Green, yellow, red, dim (ECMA-48 SGR). */
const colours: Record<Step['state'], number> = { ok: 32, warning: 33, failure: 31, skipped: 2 };

/** The report for a person: a line for each step with its time, then each finding with its layer, its reason and its mend. */
export function renderReport(report: Report, colour: boolean): string {
  const { steps, findings, target, duration_ms: ms } = report;
  const paint = (state: Step['state'], text: string): string =>
    colour ? `\u001b[${colours[state]}m${text}\u001b[0m` : text;
  const width = (of: (step: Step) => string): number => Math.max(0, ...steps.map((step) => of(step).length));
  const layers = width(({ layer }) => layer);
  const names = width(({ name }) => name);
  const lines = steps.map(({ layer, name, state, ms: took, says }) => {
    const time = took === null ? '' : `${took} ms`;
    return `${paint(state, words[state].padEnd(4))}  ${layer.padEnd(layers)}  ${name.padEnd(names)}  ${time.padStart(8)}  ${says}`;
  });
  const told = findings.flatMap(({ severity, code, layer, says, why, mend }) => [
    '',
    `${paint(severity, words[severity])} ${code} (${layer})`,
    `  seen   ${says}`,
    `  why    ${why}`,
    `  mend   ${mend}`,
  ]);
  const failures = findings.filter(({ severity }) => severity === 'failure').length;
  const verdict =
    findings.length === 0
      ? 'All is well, as far as could be seen.'
      : `${count(failures, 'failure')}, ${count(findings.length - failures, 'warning')}.`;
  const skipped = steps.some(({ state }) => state === 'skipped') ? ' A "-" was not looked at.' : '';
  return [
    `arleo doctor ${target ?? 'on this host'} (${(ms / 1000).toFixed(1)} s)`,
    '',
    ...lines.map((line) => line.trimEnd()),
    ...told,
    '',
    `${verdict}${skipped}`,
    '',
  ].join('\n');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
