import { type ConsentPage, consentPage } from './consent-page.ts';

describe('consent page', () => {
  const page = (
    clientName: string | undefined,
    redirectUri = 'https://claude.ai/api/mcp/auth_callback',
    origin: ConsentPage['origin'] = { kind: 'registered' },
  ) =>
    consentPage({
      origin,
      language: 'en',
      site: 'mcp.example.org',
      action: '/interaction/x/consent',
      csrf: 'token',
      clientName,
      clientId: 'client_1',
      redirectUri,
      scopes: ['content:read', 'content:write'],
    });

  /** What is shown large, in its order. */
  const large = (text: string) => [...text.matchAll(/<p class="(?:who|host)">([^<]*)</g)].map(([, shown]) => shown);

  it('shows one ticked checkbox for each scope, and both decisions', () => {
    const text = page('Claude');
    expect(text.match(/type="checkbox" name="scope" value="[^"]+" checked/g)).toHaveLength(2);
    expect(text).toContain('name="decision" value="approve"');
    expect(text).toContain('name="decision" value="deny"');
  });

  it('shows large only what the client cannot make up, and its own name small, as its claim', () => {
    const text = page('Claude');
    expect(large(text)).toEqual(['An app that registered itself', 'claude.ai']);
    expect(text).toContain(
      '<p class="small"><bdi>It calls itself “Claude”.</bdi> This name is its own claim; nobody has checked it.</p>',
    );
    expect(text).toContain('client_1');
  });

  it('shows the host of a client with a document first, and marks an answer to another host', () => {
    const document: ConsentPage['origin'] = { kind: 'document', host: 'claude.ai' };
    const same = page('Claude', undefined, document);
    expect(large(same)).toEqual(['claude.ai', 'claude.ai']);
    expect(same).not.toContain('another host');
    const elsewhere = page('Claude', 'https://chatgpt.com/connector_platform_oauth_redirect', document);
    expect(large(elsewhere)).toEqual(['claude.ai', 'chatgpt.com']);
    expect(elsewhere).toContain('<p class="bad">This is another host than the one that asks.</p>');
    const native = page('Claude Code', 'http://localhost:3118/callback', document);
    expect(native).not.toContain('another host');
    expect(native).toContain('on the computer of this browser');
  });

  it('says of the owner’s own client that it is, and repeats no name', () => {
    const text = page('x', undefined, { kind: 'owner' });
    expect(large(text)).toEqual(['The client that you set up', 'claude.ai']);
    expect(text).not.toContain('It calls itself');
  });

  it('says that what was approved before is not ended by it', () => {
    expect(page('x')).toContain(
      'What you approved for it before stays valid beside this, and whatever you untick here.',
    );
  });

  it('says for how long, and that it asks each time', () => {
    expect(page('x')).toMatch(
      /For how long<\/h2>\n<p class="small">Until you end it .*60 days\. You are asked each time/,
    );
  });

  it('takes from a name whatever could rearrange the page', () => {
    const text = page('Claude”\u202E.dekcehc saw\u202C \u0000\u200B\u2066x\n\n\n<b>y');
    expect(text).toContain('<bdi>It calls itself “Claude” .dekcehc saw x &lt;b&gt;y”.</bdi>');
    expect(text).not.toMatch(/\p{C}(?<!\n)/u);
  });

  it('cuts a long name between characters', () => {
    expect(page('🦊'.repeat(200))).toContain(`“${'🦊'.repeat(80)}”`);
  });

  it.each([undefined, '', ' \u200B\t'])('says nothing of a name that is %j', (name) => {
    expect(page(name)).not.toContain('It calls itself');
  });

  it('says that a loopback address is this computer', () => {
    expect(page('x', 'http://[::1]:5000/cb')).toContain('on the computer of this browser');
    expect(page('x')).not.toContain('on the computer of this browser');
  });

  it('shows the scheme of an app, never what stands in a host’s place there', () => {
    const text = page('Cursor', 'cursor://claude.ai/oauth/callback');
    expect(text).toContain('<p class="host">cursor:</p>');
    expect(text).not.toContain('<p class="host">claude.ai</p>');
    expect(text).toContain('addresses beginning with “cursor:”');
    expect(page('x')).not.toContain('addresses beginning with');
    expect(page('x', 'cursor://localhost/cb')).not.toContain('on the computer of this browser');
  });
});
