import { readFile, writeFile } from 'node:fs/promises';
import { confirmFactor, newTotpSecret } from '@arleo/core/mfa/second-factor';
import { TOTP } from 'otpauth';
import { authorizeUrl, Browser, pkce, register } from './oauth-client.ts';
import { openService, PASSPHRASE, type Service } from './open-service.ts';

describe('logging in with a code', () => {
  let service: Service;
  let clientId: string;
  let secret: string;
  let recoveryCodes: string[];
  const url = (parameters: Record<string, string> = {}) =>
    authorizeUrl(service, { client_id: clientId, code_challenge: pkce().challenge, ...parameters });
  /** Each login of a test takes another of the codes that are good now. */
  const code = (steps: -1 | 0 | 1 = 0) =>
    new TOTP({ secret, algorithm: 'SHA1' }).generate({ timestamp: Date.now() + steps * 30_000 });
  const logIn = async (fields: [string, string][], browser = new Browser(service)) =>
    browser.submit(await browser.open(url()), fields);
  const CONSENT = 'name="decision"';

  /** Sets a second factor up, ten minutes ago. */
  async function enable(): Promise<void> {
    secret = newTotpSecret();
    const then = Date.now() - 600_000;
    const first = new TOTP({ secret, algorithm: 'SHA1' }).generate({ timestamp: then });
    const confirmed = confirmFactor(secret, first, then);
    recoveryCodes = confirmed?.recoveryCodes ?? [];
    const file = JSON.parse(await readFile(service.ownerFile, 'utf8'));
    await writeFile(service.ownerFile, JSON.stringify({ ...file, totp: confirmed?.factor }));
  }

  beforeEach(async () => {
    service = await openService();
    clientId = (await register(service)).body.client_id ?? '';
    await enable();
  });
  afterEach(() => service.close());

  it('takes passphrase and code in one form, and each code once', async () => {
    const given: [string, string][] = [
      ['passphrase', PASSPHRASE],
      ['code', code()],
    ];
    expect((await logIn(given)).html).toContain(CONSENT);
    const again = await logIn(given);
    expect(again.status).toBe(401);
    expect(again.html).not.toContain(CONSENT);
    expect((await logIn([given[0] ?? ['', ''], ['code', code(1)]])).html).toContain(CONSENT);
  });

  it('answers a wrong passphrase, a wrong code and a used one with the same page', async () => {
    const used = code();
    await logIn([
      ['passphrase', PASSPHRASE],
      ['code', used],
    ]);
    const attempts: [string, string][][] = [
      [['passphrase', PASSPHRASE]],
      [
        ['passphrase', 'another one'],
        ['code', code(1)],
      ],
      [
        ['passphrase', PASSPHRASE],
        ['code', 'abcdef'],
      ],
      [
        ['passphrase', PASSPHRASE],
        ['code', used],
      ],
    ];
    const pages: { status: number; html: string }[] = [];
    for (const fields of attempts) {
      const { status, html } = await logIn(fields);
      pages.push({ status, html: html.replace(/value="[\w-]{43}"/, '').replace(/interaction\/[\w-]+/, '') });
    }
    expect(new Set(pages.map(({ status, html }) => `${status} ${html}`)).size).toBe(1);
    expect(pages[0]?.status).toBe(401);
    await service.stop();
    const events = (await service.audit()).filter(({ event_type }) => String(event_type).startsWith('login.'));
    expect(events.map(({ event_type, reason, details }) => [event_type, reason ?? details])).toEqual([
      ['login.succeeded', { by: 'code' }],
      ['login.failed', 'wrong_code'],
      ['login.failed', 'wrong_passphrase'],
      ['login.failed', 'wrong_code'],
      ['login.failed', 'replayed_code'],
    ]);
    // Six digits are in many a hash and id by chance.
    expect(await service.auditText()).not.toMatch(new RegExp(`(?<![0-9a-f.])${used}(?![0-9a-f])`));
  });

  it('takes a recovery code in its place once, over a restart too, and puts it on record', async () => {
    const [recovery = ''] = recoveryCodes;
    const given: [string, string][] = [
      ['passphrase', PASSPHRASE],
      ['code', ''],
      ['recovery_code', recovery.toUpperCase()],
    ];
    expect((await logIn(given)).html).toContain(CONSENT);
    expect((await logIn(given)).status).toBe(401);
    await service.restart();
    expect((await logIn(given)).status).toBe(401);
    await service.stop();
    const events = await service.audit();
    expect(events.filter(({ event_type }) => event_type === 'login.recovery_code_used')).toEqual([
      expect.objectContaining({ result: 'success', actor: { sub: 'owner', client_id: clientId } }),
    ]);
    expect(events.filter(({ reason }) => reason === 'replayed_code')).toHaveLength(2);
    expect((await service.auditText()).toLowerCase()).not.toContain(recovery);
  });

  it('counts wrong codes with the wrong passphrases, and leaves the owner’s own browser its tries', async () => {
    const owner = new Browser(service);
    await logIn(
      [
        ['passphrase', PASSPHRASE],
        ['code', code()],
      ],
      owner,
    );
    const stranger = new Browser(service);
    let page = await stranger.open(url());
    const statuses: number[] = [];
    while (page.status !== 429) {
      page = await stranger.submit(page, [
        ['passphrase', PASSPHRASE],
        ['code', 'abcdef'],
      ]);
      statuses.push(page.status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    const login = await owner.open(url({ prompt: 'login' }));
    const consent = await owner.submit(login, [
      ['passphrase', PASSPHRASE],
      ['code', code(1)],
    ]);
    expect(consent.html).toContain(CONSENT);
  });

  it('is 503, and not ready, while the second factor is damaged; never a login without a code', async () => {
    const whole = JSON.parse(await readFile(service.ownerFile, 'utf8'));
    const browser = new Browser(service);
    const page = await browser.open(url());
    await writeFile(service.ownerFile, JSON.stringify({ ...whole, totp: { ...whole.totp, secret: 'damaged' } }));
    const answer = await browser.submit(page, [
      ['passphrase', PASSPHRASE],
      ['code', code()],
    ]);
    expect(answer.status).toBe(503);
    expect(answer.html).toContain('See its log');
    expect((await browser.open(url())).status).toBe(503);
    const ready = await fetch(`${service.issuer}/readyz`);
    expect({ status: ready.status, text: await ready.text() }).toEqual({
      status: 503,
      text: expect.stringContaining('missing or damaged'),
    });
    await writeFile(service.ownerFile, JSON.stringify(whole));
    expect(
      (
        await logIn([
          ['passphrase', PASSPHRASE],
          ['code', code()],
        ])
      ).html,
    ).toContain(CONSENT);
  });

  it('is asked for anew in a browser that was logged in when passphrase or second factor changed', async () => {
    const browser = new Browser(service);
    await logIn(
      [
        ['passphrase', PASSPHRASE],
        ['code', code()],
      ],
      browser,
    );
    expect((await browser.open(url())).html).toContain(CONSENT);
    await enable();
    const page = await browser.open(url());
    expect(page.html).toContain('name="passphrase"');
    expect(page.html).not.toContain(CONSENT);
  });
});
