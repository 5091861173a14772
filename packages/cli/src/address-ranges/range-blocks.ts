import type { AddressRanges, RangeList } from './known-ranges.ts';

/** How a file has its ranges, line by line, between two comments. */
export type BlockStyle = 'systemd' | 'nginx';

/** As wide as a line may be. */
const width = 120;

/** The lines of a list: whole `IPAddressAllow=` of systemd.resource-control(5), or entries of nginx's geo. */
export function blockLines(ranges: readonly string[], style: BlockStyle): string[] {
  if (style === 'nginx') return ranges.map((range) => `  ${range} 1;`);
  const lines: string[] = [];
  for (const range of ranges) {
    const last = lines.at(-1);
    const family = range.includes(':');
    const fits = last !== undefined && last.length + range.length < width && last.includes(':') === family;
    if (fits) lines[lines.length - 1] = `${last} ${range}`;
    else lines.push(`IPAddressAllow=${range}`);
  }
  return lines;
}

/** The text with the ranges of today between its marks, or undefined if it has none. */
export function putRanges(text: string, ranges: AddressRanges, style: BlockStyle): string | undefined {
  let found = false;
  const changed = text.replace(
    /^( *# ranges: ([a-z.]+)\b.*\n)[^#]*?^( *# end of ranges)$/gm,
    (whole, begin: string, name: string, end: string) => {
      if (!(name in ranges)) return whole;
      found = true;
      return `${begin}${blockLines(ranges[name as RangeList], style).join('\n')}\n${end}`;
    },
  );
  return found ? changed : undefined;
}
