import { consentPage } from './consent-page.ts';

describe('consent page', () => {
  const page = (clientName: string | undefined, redirectUri = 'https://claude.ai/api/mcp/auth_callback') =>
    consentPage({
      language: 'en',
      site: 'mcp.example.org',
      action: '/interaction/x/consent',
      csrf: 'token',
      clientName,
      clientId: 'client_1',
      redirectUri,
      scopes: ['content:read', 'content:write'],
    });

  it('shows one ticked checkbox for each scope, and both decisions', () => {
    const text = page('Claude');
    expect(text.match(/type="checkbox" name="scope" value="[^"]+" checked/g)).toHaveLength(2);
    expect(text).toContain('name="decision" value="approve"');
    expect(text).toContain('name="decision" value="deny"');
  });

  it('shows where the code goes before the name that the client gives itself', () => {
    const text = page('Claude');
    expect(text.indexOf('<p class="host">claude.ai</p>')).toBeGreaterThan(0);
    expect(text.indexOf('<p class="host">claude.ai</p>')).toBeLessThan(text.indexOf('“Claude”'));
    expect(text).toContain('nobody has checked it');
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
