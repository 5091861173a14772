import * as z from 'zod';
import { counted, definePlugin, outgoingUrl, PublishFailure } from '../plugin.ts';
import { postJson, retryText } from '../post-json.ts';

const settings = {
  /** The key that proves that the host is ours; it is published as KEY.txt. */
  INDEXNOW_KEY: z
    .string()
    .regex(/^[A-Za-z0-9-]{8,128}$/, 'is not a key of 8 to 128 letters, digits and dashes')
    .optional()
    .meta({ example: 'f34f184d10c049ef99aa7637cdc4ef04' }),
  INDEXNOW_URL: outgoingUrl('https://api.indexnow.org/indexnow').default('https://api.indexnow.org/indexnow'),
};

/** As many addresses as one call may have. */
const maxUrls = 10_000;

const meanings: Readonly<Record<number, string>> = {
  400: 'the call was not of the right form',
  403: 'the key file was not found on the site, or holds another key',
  422: 'the addresses do not belong to the host, or not to the key',
  429: 'too many calls',
};

/**
 * Tells search engines which pages came, changed or went.
 *
 * @see [IndexNow documentation](https://www.indexnow.org/documentation)
 */
export const indexNow = definePlugin({
  settings,
  together: [],
  create({ INDEXNOW_KEY: key, INDEXNOW_URL: endpoint }) {
    if (key === undefined) return undefined;
    return {
      name: 'indexnow',
      files: { [`${key}.txt`]: key },
      async announce({ changes, facts }, signal) {
        if (changes === 'unknown') {
          throw new PublishFailure(
            'What changed could not be found out in time: it is reported with the next release.',
          );
        }
        if (changes === undefined) return { detail: 'Nothing to compare with: no page was reported.', urls: [] };
        const pages = [...changes.added, ...changes.changed, ...changes.removed].filter(isPage).slice(0, maxUrls);
        const reported: string[] = [];
        for (const [host, urlList] of byHost(pages)) {
          const base = [facts.baseUrl, ...facts.languages.flatMap(({ baseUrl }) => baseUrl ?? [])].find(
            (one) => URL.canParse(one) && new URL(one).host === host,
          );
          const keyLocation = new URL(`${key}.txt`, base?.replace(/\/*$/, '/')).href;
          const body = JSON.stringify({ host, key, keyLocation, urlList });
          const answer = await postJson('IndexNow', endpoint, body, {}, signal);
          if (answer.status !== 200 && answer.status !== 202) {
            const meaning = meanings[answer.status];
            const why = meaning === undefined ? '' : `: ${meaning}`;
            throw new PublishFailure(`IndexNow refused with ${answer.status}${why}.${retryText(answer)}`, {
              urls: reported,
            });
          }
          reported.push(...urlList);
        }
        return {
          detail:
            reported.length === 0
              ? 'No page changed.'
              : `${counted(reported.length, 'page was', 'pages were')} reported.`,
          urls: reported,
        };
      },
    };
  },
});

function isPage(url: string): boolean {
  const { pathname } = new URL(url);
  return (pathname.endsWith('/') || pathname.endsWith('.html')) && !pathname.endsWith('/404.html');
}

function byHost(urls: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const url of urls) {
    const { host } = new URL(url);
    groups.set(host, [...(groups.get(host) ?? []), url]);
  }
  return groups;
}
