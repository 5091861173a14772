import { parse as parseToml } from 'smol-toml';

/** One language of the site. */
export interface Language {
  /** As in file names: lower case. */
  code: string;
  /** Hugo's order; 0 if not set. */
  weight: number;
  /** Set only if the language has a base URL of its own. */
  baseUrl?: string;
}

/** What `hugo config` says and this service needs. */
export interface HugoConfig {
  title: string;
  baseUrl: string;
  /** At least one, the default language among them; in Hugo's order. */
  languages: Language[];
  defaultLanguage: string;
  /** True if the default language's pages stand under `/{lang}/` too. */
  defaultLanguageInSubdir: boolean;
  /** IANA name, if the site sets one. */
  timeZone?: string;
  /** Front matter fields that group pages: `tags`, `categories`, `series`. */
  taxonomies: string[];
  /** True if nothing is configured by which a page's address is anything else than its route. */
  plainAddresses: boolean;
}

const languageCode = /^[a-z]{2,3}(?:[-_][a-z0-9]{1,8})*$/;

/**
 * Reads the output of `hugo config`. Newer versions print TOML. Versions up to 0.111 print `key = value` lines in
 * which nested values are Go's own notation (`map[en:map[weight:1] fr:map[weight:2]]`), which has no quoting: what is
 * taken from there is only what can be told apart safely.
 */
export function parseHugoConfig(output: string): HugoConfig {
  const values = parseTomlOutput(output) ?? parseGoOutput(output);
  const defaultLanguage = text(values.defaultcontentlanguage).toLowerCase() || 'en';
  const disabled = new Set(list(values.disablelanguages));
  const languages = readLanguages(values.languages).filter(({ code }) => !disabled.has(code));
  if (!languages.some(({ code }) => code === defaultLanguage)) languages.push({ code: defaultLanguage, weight: 0 });
  languages.sort((a, b) => a.weight - b.weight || (a.code < b.code ? -1 : 1));
  const timeZone = text(values.timezone);
  return {
    title: text(values.title),
    baseUrl: text(values.baseurl),
    languages,
    defaultLanguage,
    defaultLanguageInSubdir: values.defaultcontentlanguageinsubdir === true,
    ...(timeZone === '' ? {} : { timeZone }),
    taxonomies: readTaxonomies(values.taxonomies),
    plainAddresses: hasPlainAddresses(values),
  };
}

/** Settings that change addresses; a language may have them for itself. */
const addressSettings = ['permalinks', 'uglyurls', 'disablepathtolower', 'removepathaccents'];

function hasPlainAddresses(values: Values): boolean {
  const languages = JSON.stringify(values.languages ?? '').toLowerCase();
  return addressSettings.every((name) => isUnset(values[name]) && !languages.includes(name));
}

/** Absent, false, or a table (as Go prints it, too) in which nothing is set. */
function isUnset(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isUnset);
  return value === undefined || value === false || value === '' || value === 'map[]';
}

/** `{ tag: 'tags' }`, or as Go prints it, `map[tag:tags]`: the fields of front matter are the values. */
function readTaxonomies(value: unknown): string[] {
  if (typeof value === 'string')
    return [...value.matchAll(/[[ ][^[\]: ]+:([^[\]: ]+)/g)].map(([, field = '']) => field);
  return typeof value === 'object' && value !== null
    ? Object.values(value).filter((one) => typeof one === 'string')
    : [];
}

type Values = Record<string, unknown>;

function parseTomlOutput(output: string): Values | undefined {
  try {
    return parseToml(output) as Values;
  } catch {
    return undefined;
  }
}

function parseGoOutput(output: string): Values {
  const values: Values = {};
  for (const line of output.split('\n')) {
    // The separator is that of the configuration file's own format.
    const match = /^([a-z0-9_]+)(?: = |: )(.*)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    values[match[1]] = goValue(match[2]);
  }
  return values;
}

function goValue(raw: string): unknown {
  if (raw === 'true' || raw === 'false') return raw === 'true';
  if (/^-?\d+$/.test(raw)) return Number(raw);
  // Quotation marks are put around, and nothing inside is escaped.
  return /^".*"$/.test(raw) ? raw.slice(1, -1) : raw;
}

function readLanguages(value: unknown): Language[] {
  if (typeof value === 'string') return goLanguages(value);
  if (typeof value !== 'object' || value === null) return [];
  const languages: Language[] = [];
  for (const [key, settings] of Object.entries(value as Values)) {
    if (typeof settings !== 'object' || settings === null) continue;
    const { weight, baseurl, disabled } = settings as Values;
    if (disabled === true) continue;
    languages.push({
      code: key.toLowerCase(),
      weight: typeof weight === 'number' ? weight : 0,
      ...(text(baseurl) === '' ? {} : { baseUrl: text(baseurl) }),
    });
  }
  return languages;
}

function goLanguages(raw: string): Language[] {
  return goMapEntries(raw).flatMap(([code, all]) => {
    const settings = withoutNested(all);
    if (/\bdisabled:true\b/.test(settings)) return [];
    const weight = /(?:^|[ [])weight:(\d+)(?=[ \]]|$)/.exec(settings)?.[1];
    const baseUrl = /(?:^|[ [])baseurl:(\S+?)(?=[ \]]|$)/.exec(settings)?.[1];
    return [{ code, weight: Number(weight ?? 0), ...(baseUrl === undefined ? {} : { baseUrl }) }];
  });
}

/** The text without the maps and lists inside it, whose keys are not the language's own. */
function withoutNested(settings: string): string {
  for (let text = settings; ; ) {
    const next = text.replace(/(?:map|:)\[[^[\]]*\]/g, '');
    if (next === text) return text;
    text = next;
  }
}

/** The entries `code:map[…]` directly inside a Go map of maps. */
function goMapEntries(raw: string): [string, string][] {
  const starts: { code: string; keyAt: number; valueAt: number }[] = [];
  const entry = /(?<=[[ ])([a-z0-9_-]+):map\[/g;
  for (const match of raw.matchAll(entry)) {
    const code = match[1] ?? '';
    const keyAt = match.index;
    // A title with a lone bracket unbalances the depth; then every key that looks like a language counts.
    const direct = depthAt(raw, raw.length) === 0 ? depthAt(raw, keyAt) === 1 : true;
    if (direct && languageCode.test(code)) starts.push({ code, keyAt, valueAt: keyAt + match[0].length });
  }
  return starts.map(({ code, valueAt }, i) => [code, raw.slice(valueAt, starts[i + 1]?.keyAt ?? raw.length)]);
}

function depthAt(raw: string, end: number): number {
  let depth = 0;
  for (let i = 0; i < end; i++) {
    if (raw[i] === '[') depth++;
    else if (raw[i] === ']') depth--;
  }
  return depth;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function list(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  if (typeof value === 'string') return value.replace(/^\[|\]$/g, '').split(' ');
  return [];
}
