import * as z from 'zod';
import { type Announcement, counted, definePlugin, outgoingUrl, type PublishEvent, PublishFailure } from '../plugin.ts';
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
/** In `smart` mode more calls than this are one that purges everything. */
const maxSmartCalls = 10;

const answerSchema = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.number().optional(), message: z.string().optional() })).nullish(),
});

/**
 * Purges Cloudflare's cache: `full` all of it; `partial` exactly the addresses whose bytes changed; `smart` the same,
 * but all of it if something was removed or very much changed. What is not known to be unchanged is purged.
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
        const urls = changes && [...changes.changed, ...changes.removed, ...changes.added];
        if (
          changes === undefined ||
          urls === undefined ||
          mode === 'full' ||
          (mode === 'smart' && isMuch(changes, urls))
        ) {
          await purge({ purge_everything: true }, signal, []);
          return { detail: 'Everything was purged.', urls: [] };
        }
        for (let i = 0; i < urls.length; i += maxFilesPerCall) {
          await purge({ files: urls.slice(i, i + maxFilesPerCall) }, signal, urls.slice(0, i));
        }
        return {
          detail:
            urls.length === 0 ? 'Nothing changed.' : `${counted(urls.length, 'address was', 'addresses were')} purged.`,
          urls,
        };
      },
    };
  },
});

function isMuch({ removed }: NonNullable<PublishEvent['changes']>, urls: readonly string[]): boolean {
  return removed.length > 0 || urls.length > maxSmartCalls * maxFilesPerCall;
}

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
