import type { Browser } from 'playwright-core';
import { type ChromiumAndClient, startChromiumAndClient } from './chromium.ts';
import { rpc } from './mcp.ts';
import { authorization, redeem, register } from './oauth.ts';
import { startTestStack, type TestStack } from './start.ts';

let stack: TestStack;
let browser: Browser;
let opened: ChromiumAndClient;
let redirectUri: string;

beforeAll(async () => {
  stack = await startTestStack();
  opened = await startChromiumAndClient();
  ({ browser, redirectUri } = opened);
});
afterAll(async () => {
  await opened?.close();
  await stack?.dispose();
});

test('[R-JOB-BROWSER] the owner logs in and approves by clicking, and Chromium arrives at the loopback redirect', async () => {
  const { issuer, mcpUrl } = stack.addresses;
  const { json } = await register(issuer, { redirect_uris: [redirectUri] });
  const asked = await authorization(issuer, { client_id: json.client_id, redirect_uri: redirectUri });
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });

  await page.goto(asked.url.href);
  await page.fill('input[name=passphrase]', stack.state.passphrase);
  await page.click('button[type=submit]');
  await page.waitForSelector('button[name=decision][value=approve]');
  expect(
    await page
      .locator('input[type=checkbox][name=scope]')
      .evaluateAll((boxes) => boxes.map((box) => (box as unknown as { value: string }).value)),
  ).toEqual(['content:read', 'content:write', 'site:admin']);
  await page.click('button[name=decision][value=approve]');
  await page.waitForURL((url) => url.href.startsWith(redirectUri));
  expect(await page.textContent('h1')).toBe('You may close this window');
  // Chromium asks every page's host for an icon; a host that has none is no complaint.
  expect(complaints.filter((text) => !text.includes('favicon'))).toEqual([]);

  const code = new URL(page.url()).searchParams.get('code') ?? '';
  const tokens = await redeem(issuer, { clientId: json.client_id, verifier: asked.verifier }, code, {
    redirect_uri: redirectUri,
  });
  expect(tokens.status).toBe(200);
  expect((await rpc(mcpUrl, tokens.json.access_token, 'tools/list')).status).toBe(200);
});

test('Chromium lets Approve lead to the app that asked, by a scheme of its own', async () => {
  const { issuer } = stack.addresses;
  const redirect_uri = 'cursor://anysphere.cursor-mcp/oauth/callback';
  const { json } = await register(issuer, { redirect_uris: [redirectUri, redirect_uri] });
  const asked = await authorization(issuer, { client_id: json.client_id, redirect_uri });
  const page = await browser.newPage();
  const complaints: string[] = [];
  const redirects: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('response', (response) => {
    redirects.push(response.headers().location ?? '');
  });

  await page.goto(asked.url.href);
  await page.fill('input[name=passphrase]', stack.state.passphrase);
  await page.click('button[type=submit]');
  expect(await page.textContent('.host')).toBe('cursor:');
  await page.click('button[name=decision][value=approve]', { noWaitAfter: true });
  while (!redirects.some((location) => location.startsWith(`${redirect_uri}?`))) await page.waitForTimeout(20);
  // No app claims the scheme on this machine: Chromium stays, and would have complained of its policy.
  await page.waitForTimeout(500);
  expect(complaints.filter((text) => /Content Security Policy/i.test(text))).toEqual([]);
});

test('the site has no error and no sideways scrolling on a phone', async () => {
  const page = await browser.newPage({ viewport: { width: 360, height: 740 } });
  for (const pathname of ['', 'en/', 'posts/pain-au-levain/', 'en/posts/mini-serveur/', 'tags/']) {
    const answer = await page.goto(new URL(pathname, stack.addresses.siteUrl).href);
    expect(answer?.status()).toBe(200);
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect({ pathname, overflow }).toEqual({ pathname, overflow: 0 });
  }
});
