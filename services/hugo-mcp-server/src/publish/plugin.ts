import * as z from 'zod';
import type { Release } from '../build/releases.ts';
import type { SiteFacts } from '../site/site-facts.ts';

/** How one release differs from another: addresses of files, compared by their bytes. */
export interface ReleaseChanges {
  added: readonly string[];
  changed: readonly string[];
  removed: readonly string[];
}

/** A release that went live. */
export interface PublishEvent {
  release: Release;
  /** The release that this plug-in was told of before; undefined if there is none. */
  since: string | undefined;
  /** What changed since then; undefined if there is nothing to compare with, `unknown` if it could not be found out in time. */
  changes: ReleaseChanges | 'unknown' | undefined;
  facts: SiteFacts;
}

/** What a plug-in did. */
export interface Announcement {
  /** One sentence for the owner. */
  detail: string;
  /** Addresses that it was about. */
  urls: readonly string[];
}

/** Something that is told after a release went live. It runs beside the others; what it throws fails nothing else. */
export interface PublishPlugin {
  name: string;
  /** How long it may take, in milliseconds; {@link PLUGIN_TIMEOUT_MS} if absent. */
  timeoutMs?: number;
  /** Files that it needs in every release, by their path in it. A file of the site's own stays. */
  files?: Readonly<Record<string, string>>;
  /**
   * Tells whom it tells, once for all changes since the release before. If it fails, the next release's changes are
   * counted from where it last succeeded.
   * @param signal aborted when its time is up
   * @throws {@link PublishFailure} with what may be shown; anything else is logged and shown as unexpected
   */
  announce(event: PublishEvent, signal: AbortSignal): Promise<Announcement>;
}

/** As long as a plug-in may take. */
export const PLUGIN_TIMEOUT_MS = 8_000;

/** Why a plug-in did not do its work, in words that may be shown to the owner: no secrets. */
export class PublishFailure extends Error {
  /** Addresses for which it did. */
  readonly urls: readonly string[];

  constructor(message: string, options: { urls?: readonly string[]; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'PublishFailure';
    this.urls = options.urls ?? [];
  }
}

/** `1 page`, `2 pages`. */
export function counted(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** A plug-in with the variables that configure it. */
export interface PluginDefinition<Settings extends z.ZodRawShape> {
  settings: Settings;
  /** Variables of which all are given, or none. */
  together: readonly (keyof Settings & string)[];
  /** Undefined if it is not configured: then nothing is ever sent. */
  create(settings: z.output<z.ZodObject<Settings>>): PublishPlugin | undefined;
}

/** Keeps the types of a plug-in's variables and its code together. */
export function definePlugin<Settings extends z.ZodRawShape>(
  definition: PluginDefinition<Settings>,
): PluginDefinition<Settings> {
  return definition;
}

/** An address to send to: https, or plain http on this machine. */
export const outgoingUrl = (example: string) =>
  z
    .string()
    .refine((text) => {
      const url = URL.canParse(text) ? new URL(text) : undefined;
      if (url === undefined || url.username !== '' || url.password !== '' || url.hash !== '') return false;
      return (
        url.protocol === 'https:' ||
        (url.protocol === 'http:' && /^(?:127\.0\.0\.1|\[::1\]|localhost)$/.test(url.hostname))
      );
    }, 'is not a plain https URL (http is for this machine only)')
    .meta({ example });
