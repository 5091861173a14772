/** One page as `hugo list all` gives it. */
export interface ListedPage {
  url: string;
  draft: boolean;
  /** RFC 3339; absent if the page has none. */
  publishDate?: string;
  expiryDate?: string;
}

/**
 * Reads the CSV output of `hugo list all`: page file (relative to the site) → what Hugo says of it. Versions before
 * 0.112 leave out home and section pages.
 */
export function parseHugoList(output: string): Map<string, ListedPage> {
  const [header, ...rows] = parseCsv(output);
  const pages = new Map<string, ListedPage>();
  if (header === undefined) return pages;
  const column = (name: string) => header.indexOf(name);
  const [path, draft, permalink] = [column('path'), column('draft'), column('permalink')];
  const [publishDate, expiryDate] = [column('publishDate'), column('expiryDate')];
  for (const row of rows) {
    const file = row[path];
    const url = row[permalink];
    if (file === undefined || file === '' || url === undefined || url === '') continue;
    const published = realDate(row[publishDate]);
    const expires = realDate(row[expiryDate]);
    pages.set(file, {
      url,
      draft: row[draft] === 'true',
      ...(published === undefined ? {} : { publishDate: published }),
      ...(expires === undefined ? {} : { expiryDate: expires }),
    });
  }
  return pages;
}

/** Go prints "no time" as year 1. */
function realDate(value: string | undefined): string | undefined {
  return value === undefined || value === '' || value.startsWith('0001-01-01') ? undefined : value;
}

/** RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') field += c;
      else if (text[i + 1] === '"') {
        field += '"';
        i++;
      } else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ',') {
      row.push(field);
      field = '';
    } else if (c === '\n') {
      rows.push([...row, field.replace(/\r$/, '')]);
      row = [];
      field = '';
    } else field += c;
  }
  if (field !== '' || row.length > 0) rows.push([...row, field]);
  return rows;
}
