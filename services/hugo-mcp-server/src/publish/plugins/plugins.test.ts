import {
  CLOUDFLARE_TOKEN,
  cloudflareAnswer,
  type FakeEndpoint,
  fakeEndpoint,
  ZONE,
} from '../../testing/fake-endpoint.ts';
import type { PublishEvent, PublishPlugin } from '../plugin.ts';
import { cloudflare } from './cloudflare.ts';
import { indexNow } from './index-now.ts';

let endpoint: FakeEndpoint;
beforeEach(async () => {
  endpoint = await fakeEndpoint(cloudflareAnswer);
});
afterEach(() => endpoint.close());

const facts = { baseUrl: 'https://example.org/', languages: [] } as unknown as PublishEvent['facts'];
const release = { id: 'r2' } as PublishEvent['release'];
const tell = (plugin: PublishPlugin | undefined, changes: PublishEvent['changes']) =>
  plugin?.announce({ release, since: 'r1', changes, facts }, new AbortController().signal);
const changed = (count: number) => ({
  added: [],
  changed: Array.from({ length: count }, (_, i) => `https://example.org/${i}/`),
  removed: [],
});
const purging = (CLOUDFLARE_PURGE: 'partial' | 'smart') =>
  cloudflare.create({
    CLOUDFLARE_ZONE_ID: ZONE,
    CLOUDFLARE_API_TOKEN: CLOUDFLARE_TOKEN,
    CLOUDFLARE_PURGE,
    CLOUDFLARE_API_URL: `${endpoint.url}/client/v4`,
  });

test.each([
  ['partial', 3_000],
  ['smart', 300],
] as const)('in %s mode up to %i addresses are purged one by one, and beyond them everything', async (mode, most) => {
  expect(await tell(purging(mode), changed(most))).toMatchObject({ urls: { length: most } });
  const files = endpoint.calls.map(({ json }) => json.files as string[]);
  expect(files.every(({ length }) => length === 30)).toBe(true);
  expect(new Set(files.flat()).size).toBe(most);
  endpoint.calls.length = 0;
  expect(await tell(purging(mode), changed(most + 1))).toEqual({ detail: 'Everything was purged.', urls: [] });
  expect(endpoint.calls.map(({ json }) => json)).toEqual([{ purge_everything: true }]);
});

test('what could not be compared in time is purged as a whole, and reported to search engines the next time', async () => {
  expect(await tell(purging('partial'), 'unknown')).toMatchObject({ detail: 'Everything was purged.' });
  endpoint.calls.length = 0;
  const reporting = indexNow.create({ INDEXNOW_KEY: 'f34f184d10c049ef', INDEXNOW_URL: `${endpoint.url}/indexnow` });
  await expect(tell(reporting, 'unknown')).rejects.toMatchObject({ name: 'PublishFailure' });
  expect(await tell(reporting, undefined)).toMatchObject({ urls: [] });
  expect(endpoint.calls).toEqual([]);
});
