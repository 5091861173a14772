import type { HugoConfig } from './hugo-config.ts';
import type { ContentRoot, MountedRoot, SiteModule } from './hugo-mounts.ts';

/** What Hugo itself says of the site. */
export interface SiteFacts extends HugoConfig {
  /** Never empty. */
  roots: ContentRoot[];
  /** The folders whose files Hugo copies as they are. */
  staticRoots: MountedRoot[];
  /** The site itself and its themes. */
  modules: SiteModule[];
}

/** True if the site has this language. */
export function hasLanguage(facts: SiteFacts, code: string): boolean {
  return facts.languages.some((language) => language.code === code);
}

/** The moment as RFC 3339 with the site's offset at that moment, to the second; `Z` if the site sets no time zone. */
export function siteTimestamp(facts: Pick<SiteFacts, 'timeZone'>, now: Date): string {
  const offset = facts.timeZone === undefined ? 0 : offsetMinutes(facts.timeZone, now);
  const local = new Date(now.getTime() + offset * 60_000).toISOString().slice(0, 19);
  if (offset === 0) return `${local}${facts.timeZone === undefined ? 'Z' : '+00:00'}`;
  const absolute = Math.abs(offset);
  const pad = (n: number) => String(n).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${pad(Math.floor(absolute / 60))}:${pad(absolute % 60)}`;
}

/** Making one costs more than using it a hundred times. */
const formatters = new Map<string, Intl.DateTimeFormat | undefined>();

/** Minutes that local time in a time zone is ahead of UTC at a moment; 0 if the zone is not known here. */
export function offsetMinutes(timeZone: string, at: Date): number {
  if (!formatters.has(timeZone)) formatters.set(timeZone, formatterOf(timeZone));
  const parts = formatters.get(timeZone)?.formatToParts(at);
  const name = parts?.find(({ type }) => type === 'timeZoneName')?.value;
  const match = /^GMT([+-])(\d{2}):(\d{2})/.exec(name ?? '');
  if (match === null) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
}

function formatterOf(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  } catch {
    // A zone that Hugo knows and this ICU does not: UTC is still a correct moment.
    return undefined;
  }
}
