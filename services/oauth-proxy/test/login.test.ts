import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import bcrypt from 'bcryptjs';
import { approve, authorizeUrl, Browser, connect, formOf, pkce, register } from './oauth-client.ts';
import { openService, PASSPHRASE, type Service } from './open-service.ts';

describe('logging in', () => {
  let service: Service;
  let clientId: string;
  const url = (parameters: Record<string, string> = {}) =>
    authorizeUrl(service, { client_id: clientId, code_challenge: pkce().challenge, ...parameters });
  beforeEach(async () => {
    service = await openService({ RATE_LIMIT_PER_ADDRESS: '60' });
    clientId = (await register(service)).body.client_id ?? '';
  });
  afterEach(() => service.close());

  it('hears few of many guesses that are sent at once', async () => {
    const browser = new Browser(service);
    const page = await browser.open(url());
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => browser.submit(page, [['passphrase', `guess ${index}`]])),
    );
    const statuses = answers.map(({ status }) => status);
    // One more than the limit on a machine where two are compared at the same time.
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(6);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    await service.restart();
    const reasons = (await service.audit())
      .filter(({ event_type }) => event_type === 'login.failed')
      .map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason === 'rate_limited')).toHaveLength(1);
  });

  it('hears few of many addresses that guess once each, and lets the others wait for their turn', async () => {
    const from = (index: number) => ({ 'x-forwarded-for': `2001:db8:${index}::1` });
    const answers: number[] = [];
    const leave = new AbortController();
    const begun = performance.now();
    const guesses = Array.from({ length: 36 }, async (_, index) => {
      const browser = new Browser(service);
      const page = await browser.open(url());
      const { action, hidden } = formOf(page);
      const { status } = await browser.fetch(action, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...from(index) },
        body: new URLSearchParams([...hidden, ['passphrase', 'guess']]).toString(),
        signal: leave.signal,
      });
      answers.push(status);
    });
    const all = Promise.allSettled(guesses);
    while (answers.length < 6) await sleep(20);
    await sleep(4_000);
    leave.abort();
    await all;
    const turns = Math.ceil((performance.now() - begun) / 2_500);
    expect(new Set(answers)).toEqual(new Set([401]));
    // Six at once, and one more as often as there is a turn.
    expect(answers.length).toBeLessThanOrEqual(6 + turns);
  });

  it('is open to a browser of the owner while others guess from the same address', async () => {
    const owner = new Browser(service);
    await owner.submit(await owner.open(url()), [['passphrase', PASSPHRASE]]);
    const stranger = new Browser(service);
    let page = await stranger.open(url());
    while (page.status !== 429) page = await stranger.submit(page, [['passphrase', 'guess']]);
    const login = await owner.open(url({ prompt: 'login' }));
    expect(login.html).toContain('name="passphrase"');
    const consent = await owner.submit(login, [['passphrase', PASSPHRASE]]);
    expect(consent.html).toContain('value="approve"');
  });

  it('forgets which browsers are the owner’s when the passphrase changes: whoever used the old one has no tries of their own', async () => {
    const before = new Browser(service);
    await before.submit(await before.open(url()), [['passphrase', PASSPHRASE]]);
    await writeFile(service.ownerFile, JSON.stringify({ passphrase_hash: bcrypt.hashSync('another one', 4) }));
    const stranger = new Browser(service);
    let page = await stranger.open(url());
    while (page.status !== 429) page = await stranger.submit(page, [['passphrase', 'guess']]);
    const login = await before.open(url());
    expect((await before.submit(login, [['passphrase', 'guess']])).status).toBe(429);
  });

  it('knows a browser again that logs in after the passphrase changed', async () => {
    const owner = new Browser(service);
    await owner.submit(await owner.open(url()), [['passphrase', PASSPHRASE]]);
    await writeFile(service.ownerFile, JSON.stringify({ passphrase_hash: bcrypt.hashSync('another one', 4) }));
    await owner.submit(await owner.open(url()), [['passphrase', 'another one']]);
    const stranger = new Browser(service);
    let page = await stranger.open(url());
    while (page.status !== 429) page = await stranger.submit(page, [['passphrase', 'guess']]);
    const consent = await owner.submit(await owner.open(url({ prompt: 'login' })), [['passphrase', 'another one']]);
    expect(consent.html).toContain('value="approve"');
  });

  it('takes a form only from the browser that was shown it, whatever else that one sends', async () => {
    const browser = new Browser(service);
    const page = await browser.open(url());
    const { action, hidden } = formOf(page);
    const send = (change: (cookie: string) => string) =>
      fetch(action, {
        method: 'POST',
        redirect: 'manual',
        headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: change(browser.cookieFor(action)) },
        body: new URLSearchParams([...hidden, ['passphrase', PASSPHRASE]]),
      });
    expect((await send((cookie) => cookie.replace(/arleo_browser=[^;]+/, ''))).status).toBe(403);
    const other = `arleo_browser=${'a'.repeat(22)}`;
    expect((await send((cookie) => cookie.replace(/arleo_browser=[^;]+/, other))).status).toBe(403);
    expect((await send((cookie) => cookie)).status).toBe(303);
  });

  it('uses up nothing of the limits, however often the owner does it', async () => {
    for (let login = 0; login < 20; login += 1) {
      expect((await approve(service, url())).searchParams.get('code')).toBeTruthy();
    }
  });

  it('counts requests that belong to no authorization', async () => {
    await connect(service);
    const statuses: number[] = [];
    for (let count = 0; count < 61; count += 1) {
      statuses.push((await fetch(`${service.issuer}/interaction/nobody`)).status);
    }
    expect(statuses.slice(0, 60)).toEqual(Array(60).fill(400));
    expect(statuses[60]).toBe(429);
  });

  it('is what readiness is about, too: not ready while nobody can log in', async () => {
    const ready = async () => {
      const response = await fetch(`${service.issuer}/readyz`);
      return { status: response.status, text: await response.text() };
    };
    expect(await ready()).toMatchObject({ status: 200 });
    const whole = await readFile(service.ownerFile, 'utf8');
    await writeFile(service.ownerFile, '{"passphrase_hash":"damaged"}');
    expect(await ready()).toMatchObject({ status: 503, text: expect.stringContaining('owner.json') });
    await rm(service.ownerFile);
    expect(await ready()).toMatchObject({ status: 503, text: expect.stringContaining('missing or damaged') });
    await writeFile(service.ownerFile, whole);
    expect(await ready()).toMatchObject({ status: 200, text: expect.stringContaining('"ready"') });
  });

  it('knows a new passphrase without a restart, and says when there is none', async () => {
    const write = (text: string) => writeFile(service.ownerFile, text);
    await write(JSON.stringify({ passphrase_hash: bcrypt.hashSync('another one', 4) }));
    const browser = new Browser(service);
    const wrong = await browser.submit(await browser.open(url()), [['passphrase', PASSPHRASE]]);
    expect(wrong.status).toBe(401);
    await write('{"passphrase_hash":"damaged"}');
    const damaged = await browser.submit(wrong, [['passphrase', 'another one']]);
    expect(damaged.status).toBe(503);
    expect(damaged.html).not.toContain('owner.json');
    await write(JSON.stringify({ passphrase_hash: bcrypt.hashSync('another one', 4) }));
    expect((await browser.submit(damaged, [['passphrase', 'another one']])).html).toContain('value="approve"');
  });
});
