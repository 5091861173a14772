/** A line of a text, counted from 1. */
export interface NumberedLine {
  number: number;
  line: string;
}

/** As many lines as are given. */
const maxLines = 3;
/** As much of a line as is compared, in characters, and as many lines: a bound of the work, not of the text. */
const comparedCharacters = 300;
const comparedLines = 20_000;

/**
 * The lines of a text that are most like the first lines of another, the likest first; like is how many pairs of
 * neighbouring letters they share (Dice's coefficient), without regard to case and white space. Without any likeness,
 * the first lines that say something.
 */
export function nearestLines(text: string, wanted: string): NumberedLine[] {
  const lines = text
    .split(/\r?\n/, comparedLines)
    .map((line, i) => ({ number: i + 1, line }))
    .filter(({ line }) => line.trim() !== '');
  const goal = pairs(wanted.split(/\r?\n/).find((line) => line.trim() !== '') ?? wanted);
  const scored = lines.map((entry) => ({ entry, score: likeness(pairs(entry.line), goal) }));
  const best = scored.reduce((most, { score }) => Math.max(most, score), 0);
  if (best < 0.2) return lines.slice(0, maxLines);
  return scored
    .filter(({ score }) => score >= best / 2)
    .sort((a, b) => b.score - a.score)
    .slice(0, maxLines)
    .map(({ entry }) => entry);
}

function pairs(line: string): Map<string, number> {
  const letters = line.slice(0, comparedCharacters).toLowerCase().replace(/\s+/g, ' ').trim();
  const counts = new Map<string, number>();
  for (let i = 0; i + 1 < letters.length; i++) {
    const pair = letters.slice(i, i + 2);
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  return counts;
}

function likeness(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let shared = 0;
  let total = 0;
  for (const [pair, count] of a) {
    total += count;
    shared += Math.min(count, b.get(pair) ?? 0);
  }
  for (const count of b.values()) total += count;
  return total === 0 ? 0 : (2 * shared) / total;
}
