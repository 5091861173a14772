import type { HugoRun } from './hugo-command.ts';

/** Hugo's own words, cleaned for a person: no colours, no absolute paths of the site, bounded. */
export interface HugoMessages {
  errors: string[];
  warnings: string[];
}

const maxLines = 20;
const maxLineLength = 500;
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with ESC
const colours = /\u001b\[[0-9;]*m/g;

/** Picks the error and warning lines out of what a run printed. */
export function hugoMessages(run: Pick<HugoRun, 'stdout' | 'stderr' | 'code'>, siteDir: string): HugoMessages {
  const errors: string[] = [];
  const warnings: string[] = [];
  const other: string[] = [];
  for (const raw of `${run.stderr}\n${run.stdout}`.split('\n')) {
    const line = clean(raw, siteDir);
    if (line === '') continue;
    if (/^WARN(?:ING)?\b/i.test(line)) push(warnings, line);
    else if (/^(?:ERROR|Error|FATAL|panic)\b/.test(line)) push(errors, line);
    else if (raw !== '' && run.stderr.includes(raw)) push(other, line);
  }
  // What Hugo prints to stderr without a level is the rest of its message (a code excerpt, a Go panic).
  if (run.code !== 0 && errors.length === 0) errors.push(...other);
  return { errors: errors.slice(0, maxLines), warnings: warnings.slice(0, maxLines) };
}

function push(lines: string[], line: string): void {
  if (lines.length < maxLines && !lines.includes(line)) lines.push(line);
}

function clean(raw: string, siteDir: string): string {
  const line = raw
    .replace(colours, '')
    .replaceAll(`${siteDir}/`, '')
    .replace(/^((?:WARN|ERROR)\w*) \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /, '$1 ')
    .trim();
  return line.length > maxLineLength ? `${line.slice(0, maxLineLength)} […]` : line;
}
