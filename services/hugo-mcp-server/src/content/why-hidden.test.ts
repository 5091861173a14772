import { createWhyNotServed } from './why-hidden.ts';

const built = { commit: 'c', built_at: '2026-05-01T12:00:10.000Z', build_ms: 10_000 };
const ask = (publishDate: string | undefined, isLive: boolean) =>
  createWhyNotServed(
    {
      site: { listed: () => ({ url: '/a/', draft: false, ...(publishDate && { publishDate }) }), sharesUrl() {} },
      index: { at: () => undefined },
      now: () => new Date('2026-05-01T13:00:00Z'),
    } as unknown as Parameters<typeof createWhyNotServed>[0],
    { live: async () => built as never },
    async () => isLive,
  )('content/a.md', Buffer.from('x'));

test('a page whose time came since the live site was built only waits for the next build', async () => {
  expect(await ask('2026-05-01T14:00:00Z', true)).toBe('future');
  expect(await ask('2026-05-01T12:30:00Z', true)).toBe('not_built_yet');
  expect(await ask('2026-05-01T12:00:05Z', true)).toBe('not_built_yet');
  expect(await ask('2026-05-01T11:00:00Z', true)).toBe('not_built');
  expect(await ask(undefined, true)).toBe('not_built');
  expect(await ask(undefined, false)).toBe('not_built_yet');
});
