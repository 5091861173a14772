import * as z from 'zod';
import type { Found, Seen } from '../trail.ts';

const schema = z.object({
  title: z.string().max(2000),
  base_url: z.string().max(2000),
  pages: z.object({ total: z.number() }),
  hugo: z.string().max(2000),
  live: z.object({ release: z.string(), built_at: z.string(), pages: z.number() }).nullable(),
  live_is_newest: z.boolean().nullable(),
  builds: z
    .array(
      z.object({
        id: z.string(),
        state: z.string(),
        started_at: z.string(),
        error: z.object({ code: z.string(), message: z.string() }).nullable(),
      }),
    )
    .max(1000),
  last_pull: z.object({ at: z.string(), result: z.string(), message: z.string().nullable() }).nullable(),
  last_published: z
    .object({
      release: z.string(),
      published: z.array(z.object({ plugin: z.string(), ok: z.boolean().nullable(), detail: z.string() })).max(100),
    })
    .nullable(),
});

/** What the tool `site_info` tells, as far as doctor judges it. */
export type SiteInfo = z.infer<typeof schema>;

/** The structured result of `site_info`; undefined if it is something else. */
export function readSiteInfo(structured: unknown): SiteInfo | undefined {
  return schema.safeParse(structured).data;
}

/** Hugo and what it built. */
export function judgeHugo({ hugo, live, builds, pages }: SiteInfo): Seen {
  const found: Found[] = [];
  const [last] = builds;
  if (!/^hugo\b/i.test(hugo)) found.push({ code: 'hugo_missing', says: hugo });
  if (live === null) found.push({ code: 'nothing_live', says: 'nothing is live' });
  if (last?.state === 'failed') {
    found.push({ code: 'build_failed', says: `build ${last.id}: ${last.error?.message ?? 'no reason'}` });
  }
  const built = live === null ? 'nothing live' : `live since ${live.built_at}, ${pages.total} pages`;
  return { says: `${hugo.split(/[ -]linux/)[0]}; ${built}`, found };
}

/** Those who are told of new releases, and the site's own repository. */
export function judgePublishing({ last_published: told, last_pull: pull }: SiteInfo): Seen {
  const failed = told?.published.filter(({ ok }) => ok === false) ?? [];
  const found: Found[] = failed.map(({ plugin, detail }) => ({ code: 'publish_failed', says: `${plugin}: ${detail}` }));
  if (pull !== null && pull.result !== 'live' && pull.result !== 'unchanged') {
    found.push({ code: 'pull_failed', says: `${pull.result} at ${pull.at}: ${pull.message ?? ''}` });
  }
  const names = told?.published.map(
    ({ plugin, ok }) => `${plugin} ${ok === null ? 'under way' : ok ? 'ok' : 'failed'}`,
  );
  return {
    says: names === undefined || names.length === 0 ? 'nobody was told since the start' : names.join(', '),
    found,
  };
}
