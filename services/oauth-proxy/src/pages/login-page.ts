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
  /** True if a login takes a code beside the passphrase. */
  asksCode: boolean;
  /** Why the last attempt failed. Which of the two was wrong is not told. */
  problem?: 'wrong' | 'waitBeforeTrying' | 'ownerUnreadable';
}

/** The login form: the field `passphrase`, and where a code is asked for `code` or `recovery_code`. */
export function loginPage({ language, site, action, csrf, asksCode, problem }: LoginPage): string {
  const texts = TEXTS[language];
  const wrong = asksCode ? texts.wrongPassphraseOrCode : texts.wrongPassphrase;
  const invalid = problem === 'wrong' && html` aria-invalid="true"`;
  const body = html`<h1>${texts.loginTitle}</h1>
<p>${texts.loginLead}</p>
${problem && html`<p class="bad" role="alert" id="problem">${problem === 'wrong' ? wrong : texts[problem]}</p>`}
<form method="post" action="${action}">
<input type="hidden" name="csrf" value="${csrf}">
<label class="field" for="passphrase">${texts.passphrase}</label>
<input type="password" id="passphrase" name="passphrase" autocomplete="current-password" required maxlength="200" autofocus${
    problem && html` aria-describedby="problem"`
  }${invalid}>
${
  asksCode &&
  html`<label class="field" for="code">${texts.code}</label>
<input type="text" id="code" name="code" autocomplete="one-time-code" inputmode="numeric" spellcheck="false" maxlength="20" aria-describedby="${problem && 'problem '}code-help"${invalid}>
<p class="small" id="code-help">${texts.codeHelp}</p>
<details><summary>${texts.noPhone}</summary>
<label class="field" for="recovery_code">${texts.recoveryCode}</label>
<input type="text" id="recovery_code" name="recovery_code" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="60" aria-describedby="recovery-help">
<p class="small" id="recovery-help">${texts.recoveryHelp}</p>
</details>
`
}<div class="actions"><button type="submit">${texts.logIn}</button></div>
</form>`;
  return layout({ language, site, title: texts.loginTitle, body });
}
