import { createHmac, randomUUID } from 'node:crypto';
import * as z from 'zod';
import { definePlugin, outgoingUrl, PublishFailure } from '../plugin.ts';
import { postJson, retryText } from '../post-json.ts';

const settings = {
  /** Who is told of every release. */
  PUBLISH_WEBHOOK_URL: outgoingUrl('https://example.org/hooks/site').optional(),
  /** The key of the signature: `whsec_` and 24 to 64 bytes in base64. */
  PUBLISH_WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/, 'is not whsec_ and 24 to 64 bytes in base64')
    .optional()
    .meta({ example: 'whsec_$(openssl rand -base64 32)' }),
};

/** As many addresses of each kind as a message has. */
const maxUrls = 200;

/**
 * The headers that sign a message: HMAC-SHA256 over id, time and body, so that neither can be changed or sent again much
 * later. Receivers check it with the libraries of Standard Webhooks, or as docs/publishing.md shows.
 *
 * @param at seconds since 1970
 * @see [Standard Webhooks, signature scheme](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md)
 */
export function signatureHeaders(secret: string, id: string, at: number, body: string): Record<string, string> {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` };
}

/** Tells an address of the owner's choice that a release is live, signed. */
export const webhook = definePlugin({
  settings,
  together: ['PUBLISH_WEBHOOK_URL', 'PUBLISH_WEBHOOK_SECRET'],
  create({ PUBLISH_WEBHOOK_URL: url, PUBLISH_WEBHOOK_SECRET: secret }) {
    if (url === undefined || secret === undefined) return undefined;
    return {
      name: 'webhook',
      async announce({ release, since, changes, facts }, signal) {
        const now = new Date();
        const shorten = (urls: readonly string[]) => ({ count: urls.length, urls: urls.slice(0, maxUrls) });
        const body = JSON.stringify({
          type: 'site.published',
          timestamp: now.toISOString(),
          data: {
            release: release.id,
            since: since ?? null,
            commit: release.commit ?? null,
            built_at: release.built_at,
            pages: release.pages,
            base_url: facts.baseUrl,
            changes:
              typeof changes === 'object'
                ? {
                    added: shorten(changes.added),
                    changed: shorten(changes.changed),
                    removed: shorten(changes.removed),
                  }
                : undefined,
          },
        });
        // The same for both attempts: a receiver knows by it what it has had already.
        const id = `msg_${randomUUID()}`;
        const headers = signatureHeaders(secret, id, Math.floor(now.getTime() / 1000), body);
        const answer = await postJson('The webhook', url, body, headers, signal);
        if (answer.status >= 200 && answer.status < 300) return { detail: `Delivered (${answer.status}).`, urls: [] };
        throw new PublishFailure(`The webhook answered ${answer.status}.${retryText(answer)}`);
      },
    };
  },
});
