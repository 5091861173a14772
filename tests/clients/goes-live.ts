import type { TestStack } from '../e2e/start.ts';

/** A page that a client is to make, with words that nothing else on the site has. */
export function pageOf(client: string) {
  const slug = client.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return { route: `posts/by-${slug}`, lang: 'en', title: `Made by ${client}`, content: `Words of ${client}.\n` };
}

/** Fails unless the page is on the live site. */
export async function expectLive(stack: TestStack, { route, title }: ReturnType<typeof pageOf>): Promise<void> {
  const answer = await fetch(new URL(`/en/${route}/`, stack.addresses.siteUrl));
  expect({ route, status: answer.status }).toEqual({ route, status: 200 });
  expect(await answer.text()).toContain(title);
}
