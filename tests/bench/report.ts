/** One measured value beside what it must reach. */
export interface Row {
  area: string;
  name: string;
  value: number;
  unit: string;
  /** What the value is held against; none for context rows. */
  target?: { at: 'least' | 'most'; value: number };
}

/** Whether the row reaches its target; context rows always do. */
export function reached(row: Row): boolean {
  if (!row.target) return true;
  return row.target.at === 'least' ? row.value >= row.target.value : row.value <= row.target.value;
}

function number(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 1 ? 2 : 3);
}

/** The rows as a table for people. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.area,
    row.name,
    `${number(row.value)} ${row.unit}`.trim(),
    row.target ? `${row.target.at === 'least' ? '≥' : '≤'} ${number(row.target.value)} ${row.unit}`.trim() : '',
    row.target ? (reached(row) ? 'reached' : 'MISSED') : '',
  ]);
  const all = [['area', 'what', 'measured', 'target', ''], ...cells];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0))) ?? [];
  return all
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
