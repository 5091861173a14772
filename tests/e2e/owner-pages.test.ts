import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import axe from 'axe-core';
import { TOTP } from 'otpauth';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { arleoJson } from './arleo.ts';
import { type ChromiumAndClient, startChromiumAndClient } from './chromium.ts';
import { authorization, register } from './oauth.ts';
import { startTestStack, type TestStack } from './start.ts';
import { auditEvents } from './trail.ts';

/** A folder: every page is photographed into it, to be looked at. */
const SCREENSHOTS = process.env.SCREENSHOTS;
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

const desktop = { width: 1000, height: 800 };
const phone = { width: 390, height: 844 };
const deny = 'button[name=decision][value=deny]';
const approve = 'button[name=decision][value=approve]';

let stack: TestStack;
let browser: Browser;
let opened: ChromiumAndClient;
let redirectUri: string;

beforeAll(async () => {
  stack = await startTestStack({ 'oauth-proxy': { CLIENT_ID: 'my-connector', CLIENT_SECRET: 'c'.repeat(40) } });
  opened = await startChromiumAndClient();
  ({ browser, redirectUri } = opened);
});
afterAll(async () => {
  await opened?.close();
  await stack?.dispose();
});

const arleo = (lines: string[], ...args: string[]) =>
  arleoJson(['owner', ...args, '--stdin'], { OWNER_FILE: stack.layout.owner }, lines);

/** A fresh client's authorization request. */
async function asked(metadata: object = {}, redirect_uri = redirectUri): Promise<string> {
  const { json } = await register(stack.addresses.issuer, { redirect_uris: [redirect_uri], ...metadata });
  return (await authorization(stack.addresses.issuer, { client_id: json.client_id, redirect_uri })).url.href;
}

async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
  return (await browser.newContext({ viewport: desktop, locale: 'en-GB', ...options })).newPage();
}

/** Looks at a page in both colour schemes: nothing that axe finds, nothing that has to be scrolled sideways. */
async function look(page: Page, name: string): Promise<void> {
  await page.evaluate(axe.source);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const violations = await page.evaluate<{ id: string; nodes: { html: string; failureSummary?: string }[] }[]>(
      'axe.run().then(({ violations }) => violations)',
    );
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
    expect({ name, colorScheme, found }).toEqual({ name, colorScheme, found: [] });
    const paper = await page.evaluate<number>(
      'Number(/\\d+/.exec(getComputedStyle(document.querySelector("main")).backgroundColor)[0])',
    );
    expect({ name, dark: paper < 128 }).toEqual({ name, dark: colorScheme === 'dark' });
    if (SCREENSHOTS) {
      await mkdir(SCREENSHOTS, { recursive: true });
      await page.screenshot({ path: path.join(SCREENSHOTS, `${name}-${colorScheme}.png`), fullPage: true });
    }
  }
  const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  expect({ name, overflow }).toEqual({ name, overflow: 0 });
}

async function logIn(page: Page, passphrase: string, code?: string): Promise<void> {
  await page.fill('[name=passphrase]', passphrase);
  if (code !== undefined) await page.fill('[name=code]', code);
  await page.click('button[type=submit]');
}

describe.each([
  ['en', 'en-GB', 'desktop', desktop],
  ['en', 'en-GB', 'phone', phone],
  ['fr', 'fr-CA', 'desktop', desktop],
  ['fr', 'fr-CA', 'phone', phone],
])('in %s (%s), on a %s', (language, locale, device, viewport) => {
  const name = (page: string) => `${page}-${language}-${device}`;

  test('[R-OWNER-PAGES] login, its error, consent and refusal are accessible, light and dark', async () => {
    const page = await newPage({ locale, viewport });
    await page.goto(await asked());
    expect(await page.getAttribute('html', 'lang')).toBe(language);
    expect(await page.textContent('h1')).toBe({ en: 'Log in', fr: 'Se connecter' }[language]);
    await look(page, name('login'));
    await logIn(page, 'not the passphrase');
    expect(await page.textContent('[role=alert]')).toMatch(
      { en: /^That is not/, fr: /^Ce n’est pas/ }[language] ?? /^$/,
    );
    await look(page, name('login-wrong'));
    await logIn(page, stack.state.passphrase);
    expect(await page.getAttribute('html', 'lang')).toBe(language);
    expect(await page.textContent('h1')).toBe(
      { en: 'Allow access to your site?', fr: 'Autoriser l’accès à votre site\u00a0?' }[language],
    );
    await look(page, name('consent'));
    await page.click(deny);
    await page.waitForURL((url) => url.href.startsWith(redirectUri));
    expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied');

    await page.goto(`${stack.addresses.issuer}/authorize?client_id=client_nobody&response_type=code`);
    await look(page, name('unknown-client'));
    await page.goto(`${stack.addresses.issuer}/interaction/nobody`);
    await look(page, name('expired'));
  });
});

// The same page with other words: on the narrow screen alone.
describe.each([
  ['en', 'en-GB'],
  ['fr', 'fr-CA'],
])('in %s (%s), on a phone', (language, locale) => {
  test('[R-OWNER-PAGES] consent for the client that the owner set up is, too', async () => {
    const redirect_uri = 'https://claude.ai/api/mcp/auth_callback';
    const { url } = await authorization(stack.addresses.issuer, { client_id: 'my-connector', redirect_uri });
    const page = await newPage({ locale, viewport: phone });
    await page.goto(url.href);
    await logIn(page, stack.state.passphrase);
    expect(await page.textContent('.who')).toBe(
      { en: 'The client that you set up', fr: 'Le client que vous avez configuré' }[language],
    );
    await look(page, `consent-owner-${language}-phone`);
  });

  test('[R-OWNER-PAGES] consent for an app with a scheme and a long name of its own is, too', async () => {
    const uri = 'cursor://anysphere.cursor-mcp/oauth/callback';
    const url = await asked({ client_name: `Cursor${'r'.repeat(100)}`, redirect_uris: [uri] }, uri);
    const page = await newPage({ locale, viewport: phone });
    await page.goto(url);
    await logIn(page, stack.state.passphrase);
    await page.waitForSelector(approve);
    await look(page, `consent-app-${language}-phone`);
  });
});

test('[R-OWNER-CONSENT] says who asks, where the code goes, what for and for how long, each time anew', async () => {
  const uri = 'https://claude.ai/api/mcp/auth_callback';
  const url = await asked({ client_name: 'Claude', redirect_uris: [uri] }, uri);
  const page = await newPage();
  await page.goto(url);
  await logIn(page, stack.state.passphrase);
  for (let time = 0; time < 2; time += 1) {
    expect(await page.locator('h2, legend').allTextContents()).toEqual([
      'Who asks',
      'Where the access is sent',
      'What it may do',
      'For how long',
    ]);
    expect(await page.textContent('.host')).toBe('claude.ai');
    expect(await page.textContent('main')).toContain('It calls itself “Claude”. This name is its own claim');
    // What cannot be made up is larger than what can.
    const size = (selector: string) =>
      page.evaluate<number>(`parseFloat(getComputedStyle(document.querySelector('${selector}')).fontSize)`);
    expect(await size('.host')).toBeGreaterThan(1.3 * (await size('bdi')));
    // The same client, in the session of before: nothing is remembered.
    await page.goto(url);
  }
  const { cookies } = await page.context().storageState();
  for (const { httpOnly, sameSite } of cookies)
    expect({ httpOnly, sameSite }).toEqual({ httpOnly: true, sameSite: 'Lax' });
});

test('[R-OWNER-PAGES] the whole way goes by keyboard alone, and an unticked scope is not granted', async () => {
  const page = await newPage();
  await page.goto(await asked());
  await page.waitForSelector('[name=passphrase]:focus');
  await page.keyboard.type(stack.state.passphrase);
  await page.keyboard.press('Enter');
  await page.waitForSelector(approve);
  const focused = () =>
    page.evaluate<string>('document.activeElement.value + " " + getComputedStyle(document.activeElement).outlineStyle');
  const seen: string[] = [];
  for (let tab = 0; tab < 5; tab += 1) {
    await page.keyboard.press('Tab');
    seen.push(await focused());
    // Unticks the second scope on the way.
    if (tab === 1) await page.keyboard.press('Space');
  }
  expect(seen).toEqual(['content:read', 'content:write', 'site:admin', 'approve', 'deny'].map((one) => `${one} solid`));
  const approvals = async () =>
    (await auditEvents(stack, 'oauth-proxy')).filter(({ event_type }) => event_type === 'consent.approved');
  const before = (await approvals()).length;
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.href.startsWith(redirectUri));
  // Written behind the answer.
  while ((await approvals()).length === before) await page.waitForTimeout(20);
  expect((await approvals()).at(-1)).toMatchObject({ details: { scope: 'content:read site:admin' } });
});

describe('once arleo turned codes on', () => {
  // Each is good for some time yet, whenever it is looked at.
  const code = (steps: 0 | 1) =>
    new TOTP({ secret: SECRET, algorithm: 'SHA1' }).generate({ timestamp: Date.now() + steps * 30_000 });
  let recovery: string[];

  beforeAll(async () => {
    recovery = (await arleo([SECRET, code(0)], 'totp', 'enable')).recovery_codes;
  });
  afterAll(async () => {
    await arleo([stack.state.passphrase], 'totp', 'disable');
  });

  test('[R-OWNER-CODE] a login takes one: no wrong one, and none twice; a recovery code works once', async () => {
    const page = await newPage();
    const url = await asked();
    await page.goto(url);
    await look(page, 'login-code-en-desktop');
    await logIn(page, stack.state.passphrase, '00000x');
    expect(await page.textContent('[role=alert]')).toContain('The passphrase or the code is not right.');
    await look(page, 'login-code-wrong-en-desktop');
    const good = code(1);
    await logIn(page, stack.state.passphrase, good);
    await page.waitForSelector(approve);

    const other = await newPage({ locale: 'fr-FR', viewport: phone });
    await other.goto(url);
    await look(other, 'login-code-fr-phone');
    await logIn(other, stack.state.passphrase, good);
    expect(await other.textContent('[role=alert]')).toContain('Un code ne sert qu’une fois');
    await other.click('summary');
    await look(other, 'login-recovery-fr-phone');
    await other.fill('[name=passphrase]', stack.state.passphrase);
    await other.fill('[name=recovery_code]', recovery[0] ?? '');
    await other.click('button[type=submit]');
    await other.waitForSelector(approve);

    const third = await newPage();
    await third.goto(url);
    await third.click('summary');
    await third.fill('[name=passphrase]', stack.state.passphrase);
    await third.fill('[name=recovery_code]', recovery[0] ?? '');
    await third.click('button[type=submit]');
    await third.waitForSelector('[role=alert]');
  });

  test('the form tells browsers and phones what belongs into it', async () => {
    const page = await newPage();
    await page.goto(await asked());
    const attributes = (name: string) =>
      page.evaluate<Record<string, string | null>>(
        `Object.fromEntries(['type', 'autocomplete', 'inputmode'].map((one) => [one, document.querySelector('[name=${name}]').getAttribute(one)]))`,
      );
    expect(await attributes('passphrase')).toEqual({
      type: 'password',
      autocomplete: 'current-password',
      inputmode: null,
    });
    expect(await attributes('code')).toEqual({ type: 'text', autocomplete: 'one-time-code', inputmode: 'numeric' });
    await page.waitForSelector('[name=passphrase]:focus');
  });
});

test('[R-OWNER-PASSPHRASE] a passphrase that arleo sets counts at once, the old one and logins by it no more', async () => {
  // With a new passphrase this browser is one like any other: the wrong tries of the tests before would count for it.
  await stack.service('oauth-proxy').stop();
  await stack.restart('oauth-proxy');
  const page = await newPage();
  const url = await asked();
  await page.goto(url);
  await logIn(page, stack.state.passphrase);
  await page.waitForSelector(approve);
  await arleo(['trombone-vitrail-castor-levure'], 'set-passphrase');
  await page.goto(url);
  await logIn(page, stack.state.passphrase);
  await page.waitForSelector('[role=alert]');
  await logIn(page, 'trombone-vitrail-castor-levure');
  await page.waitForSelector(approve);
});
