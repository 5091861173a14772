import { html } from './html.ts';
import { layout } from './layout.ts';
import { type Language, TEXTS } from './texts.ts';

/** What the login page shows. */
export interface LoginPage {
  language: Language;
  site: string;
  /** Where the form is sent. */
  action: string;
  csrf: string;
  /** Why the last attempt failed. */
  problem?: 'wrongPassphrase' | 'waitBeforeTrying' | 'ownerUnreadable';
}

/** The login form: one field, `passphrase`. */
export function loginPage({ language, site, action, csrf, problem }: LoginPage): string {
  const texts = TEXTS[language];
  const body = html`<h1>${texts.loginTitle}</h1>
<p>${texts.loginLead}</p>
${problem && html`<p class="bad" role="alert" id="problem">${texts[problem]}</p>`}
<form method="post" action="${action}">
<input type="hidden" name="csrf" value="${csrf}">
<label class="field" for="passphrase">${texts.passphrase}</label>
<input type="password" id="passphrase" name="passphrase" autocomplete="current-password" required maxlength="200" autofocus${
    problem && html` aria-describedby="problem"`
  }>
<div class="actions"><button type="submit">${texts.logIn}</button></div>
</form>`;
  return layout({ language, site, title: texts.loginTitle, body });
}
