import * as z from 'zod';
import { inParallel } from '../../site/in-parallel.ts';
import { type Announcement, counted, definePlugin, outgoingUrl, PublishFailure } from '../plugin.ts';
import { type JsonAnswer, postJson, retryText, shownText } from '../post-json.ts';

const settings = {
  /** The zone whose cache is purged. */
  CLOUDFLARE_ZONE_ID: z
    .string()
    .regex(/^[0-9a-f]{32}$/, 'is not a zone id (32 hex digits)')
    .optional()
    .meta({ example: '023e105f4ecef8ad9ca31a8372d0c353' }),
  /** A token with the permission Zone / Cache Purge for that zone, and no other. */
  CLOUDFLARE_API_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{20,200}$/, 'is not an API token')
    .optional()
    .meta({ example: 'the token (or give the file, with CLOUDFLARE_API_TOKEN_FILE)' }),
  /** What is purged after a build. */
  CLOUDFLARE_PURGE: z
    .enum(['full', 'partial', 'smart'], 'is not one of full, partial, smart')
    .default('smart')
    .meta({ example: 'smart' }),
  CLOUDFLARE_API_URL: outgoingUrl('https://api.cloudflare.com/client/v4').default(
    'https://api.cloudflare.com/client/v4',
  ),
};

/** As many addresses as one call may have on the plans below Enterprise. */
const maxFilesPerCall = 30;
/** More calls than these are one that purges everything: so many can be made in the time that there is. */
const maxCalls = { smart: 10, partial: 100 };
const callsAtOnce = 5;

const answerSchema = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.number().optional(), message: z.string().optional() })).nullish(),
});

/**
 * Purges Cloudflare's cache: `full` all of it; `partial` exactly the addresses whose bytes changed, up to 3,000 of them;
 * `smart` the same up to 300, but all of it if something was removed. What is not known to be unchanged is purged.
 *
 * @see [Purge Cached Content](https://developers.cloudflare.com/api/resources/cache/methods/purge/)
 */
export const cloudflare = definePlugin({
  settings,
  together: ['CLOUDFLARE_ZONE_ID', 'CLOUDFLARE_API_TOKEN'],
  create({ CLOUDFLARE_ZONE_ID: zone, CLOUDFLARE_API_TOKEN: token, CLOUDFLARE_PURGE: mode, CLOUDFLARE_API_URL: api }) {
    if (zone === undefined || token === undefined) return undefined;
    const url = `${api.replace(/\/*$/, '')}/zones/${zone}/purge_cache`;
    const headers = { authorization: `Bearer ${token}` };
    const purge = async (body: object, signal: AbortSignal, done: readonly string[]) => {
      const answer = await postJson('Cloudflare', url, JSON.stringify(body), headers, signal);
      if (answer.status !== 200 || !succeeded(answer))
        throw new PublishFailure(refusal(answer, done.length), { urls: done });
    };
    return {
      name: 'cloudflare',
      async announce({ changes }, signal): Promise<Announcement> {
        const known = typeof changes === 'object' ? changes : undefined;
        const urls = known && [...known.changed, ...known.removed, ...known.added];
        const lost = mode === 'smart' && known !== undefined && known.removed.length > 0;
        if (urls === undefined || mode === 'full' || lost || urls.length > maxCalls[mode] * maxFilesPerCall) {
          await purge({ purge_everything: true }, signal, []);
          return { detail: 'Everything was purged.', urls: [] };
        }
        const starts = Array.from({ length: Math.ceil(urls.length / maxFilesPerCall) }, (_, i) => i * maxFilesPerCall);
        const done: string[] = [];
        await inParallel(starts, callsAtOnce, async (start) => {
          const files = urls.slice(start, start + maxFilesPerCall);
          await purge({ files }, signal, done);
          done.push(...files);
        });
        return {
          detail:
            urls.length === 0 ? 'Nothing changed.' : `${counted(urls.length, 'address was', 'addresses were')} purged.`,
          urls,
        };
      },
    };
  },
});

function succeeded({ json }: JsonAnswer): boolean {
  const parsed = answerSchema.safeParse(json);
  return parsed.success && parsed.data.success;
}

function refusal(answer: JsonAnswer, done: number): string {
  const parsed = answerSchema.safeParse(answer.json);
  const errors = parsed.success ? (parsed.data.errors ?? []) : [];
  const said = shownText(errors.map(({ code, message }) => [code, message].filter(Boolean).join(' ')).join('; '));
  const before = done === 0 ? '' : ` ${counted(done, 'address had', 'addresses had')} been purged by then.`;
  return `Cloudflare refused with ${answer.status}${said === '' ? '' : `: ${said}`}.${retryText(answer)}${before}`;
}
