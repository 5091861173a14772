import { openBrowser, type Page } from './browser.ts';

/** What the owner's browser brought back to the client. */
export interface Approval {
  /** The whole redirect back to the client. */
  callback: URL;
  code: string;
}

/** How the owner answers. */
export interface OwnerAnswers {
  passphrase: string;
  decision?: 'approve' | 'deny';
  /** Which scopes stay ticked; all if absent. */
  tick?: (scope: string) => boolean;
}

/**
 * Does what the owner does in the browser: opens the authorization address, types the passphrase, and answers on the consent
 * page. Ends at the redirect to the client, which is not opened.
 *
 * @throws Error that says on which page something else came than was expected
 */
export async function ownerApproves(authorizationUrl: URL, answers: OwnerAnswers): Promise<Approval> {
  const redirectUri = new URL(authorizationUrl.searchParams.get('redirect_uri') ?? '');
  const arrived = (url: URL) => url.origin === redirectUri.origin && url.pathname === redirectUri.pathname;
  const browser = openBrowser(arrived);

  let page = await browser.open(authorizationUrl.href);
  const login = page.forms.find((form) => form.names.has('passphrase'));
  if (!login) throw unexpected('a login form with the field "passphrase"', page);
  page = await browser.submit(page, login, { fill: { passphrase: answers.passphrase } });

  if (!arrived(new URL(page.url))) {
    const consent = page.forms.find((form) => form.buttons.some((button) => button.name === 'decision'));
    if (!consent) throw unexpected('a consent form with the buttons "decision"', page);
    page = await browser.submit(page, consent, {
      press: { name: 'decision', value: answers.decision ?? 'approve' },
      ...(answers.tick && { tick: answers.tick }),
    });
  }
  if (!arrived(new URL(page.url))) throw unexpected(`a redirect to ${redirectUri.href}`, page);
  const callback = new URL(page.url);
  return { callback, code: callback.searchParams.get('code') ?? '' };
}

function unexpected(wanted: string, page: Page): Error {
  const text = page.html.replace(/<(style|script)[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ');
  return new Error(
    `expected ${wanted}; ${page.url} answered ${page.status}: ${text.replace(/\s+/g, ' ').trim().slice(0, 300)}`,
  );
}
