import { type Browser, openBrowser, type Page } from '@arleo/demo/smoke/browser';
import type { Form } from '@arleo/demo/smoke/forms';
import { authorization, REDIRECT_URI, redeem } from './oauth.ts';
import { startTestStack, type TestStack } from './start.ts';

let stack: TestStack;
let issuer: string;
const owner = () => ({ passphrase: stack.state.passphrase });
const isCallback = (url: URL): boolean => url.href.startsWith(REDIRECT_URI);
const APPROVE = { name: 'decision', value: 'approve' };

beforeAll(async () => {
  stack = await startTestStack();
  ({ issuer } = stack.addresses);
});
afterAll(() => stack?.dispose());

function formOf(page: Page, name: 'passphrase' | 'decision'): Form {
  const found = page.forms.find((form) => form.names.has(name) || form.buttons.some((button) => button.name === name));
  if (!found) throw new Error(`no form with ${name} at ${page.url}: ${page.status}`);
  return found;
}

/** Opens an authorization and logs in if asked: where the owner is to decide. */
async function consentPage(browser: Browser, url: URL): Promise<Page> {
  const page = await browser.open(url.href);
  if (!page.forms.some((form) => form.names.has('passphrase'))) return page;
  return browser.submit(page, formOf(page, 'passphrase'), { fill: owner() });
}

const codeOf = (page: Page): string | null => new URL(page.url).searchParams.get('code');

test('[R-ATTACK-REMEMBERED] what the owner approved for one client is asked anew for another, and for the same one', async () => {
  const browser = openBrowser(isCallback);
  const first = await authorization(issuer);
  const page = await consentPage(browser, first.url);
  const approved = await browser.submit(page, formOf(page, 'decision'), { press: APPROVE });
  expect(codeOf(approved)).toBeTruthy();

  for (const changes of [{}, { client_id: first.clientId }, { prompt: 'none' }]) {
    const again = await browser.open((await authorization(issuer, changes)).url.href);
    expect(codeOf(again)).toBeNull();
    if (!('prompt' in changes)) expect(formOf(again, 'decision')).toBeDefined();
  }
});

test('[R-ATTACK-CSRF] the form of one authorization decides no other one', async () => {
  const browser = openBrowser(isCallback);
  const wanted = await consentPage(browser, (await authorization(issuer)).url);
  const attacker = await browser.open((await authorization(issuer)).url.href);
  const [good, bad] = [formOf(wanted, 'decision'), formOf(attacker, 'decision')];

  const swapped = await browser.submit(attacker, { ...good, action: bad.action }, { press: APPROVE });
  expect(swapped.status).toBeGreaterThanOrEqual(400);
  expect(codeOf(swapped)).toBeNull();
  const without = { ...bad, fields: bad.fields.filter(([name]) => name !== 'csrf') };
  const bare = await browser.submit(attacker, without, { press: APPROVE });
  expect(bare.status).toBe(403);
});

test('[R-ATTACK-CSRF] nobody is led into the authorization that somebody else began', async () => {
  const attacker = openBrowser(isCallback);
  const begun = await consentPage(attacker, (await authorization(issuer)).url);
  // The victim opens the attacker's page, and has no cookie of it.
  const victim = await openBrowser(isCallback).open(begun.url);
  expect(victim.status).toBe(400);
  expect(victim.forms).toEqual([]);
});

test('[R-ATTACK-CSRF] a decision counts once', async () => {
  const browser = openBrowser(isCallback);
  const asked = await authorization(issuer);
  const page = await consentPage(browser, asked.url);
  const form = formOf(page, 'decision');
  const code = codeOf(await browser.submit(page, form, { press: APPROVE })) ?? '';
  expect((await redeem(issuer, asked, code)).status).toBe(200);
  const again = await browser.submit(page, form, { press: APPROVE });
  expect(again.status).toBeGreaterThanOrEqual(400);
  expect(codeOf(again)).toBeNull();
});
