import { html } from './html.ts';
import { layout } from './layout.ts';
import { type Language, TEXTS } from './texts.ts';

/** What the consent page shows. */
export interface ConsentPage {
  language: Language;
  site: string;
  action: string;
  csrf: string;
  /** The client's name as it gave it itself; anybody can register under any name. */
  clientName?: string | undefined;
  clientId: string;
  redirectUri: string;
  /** The scopes asked for, in the order in which they are shown. */
  scopes: readonly string[];
}

/**
 * The consent form: one checkbox `scope` for each scope, and the buttons `decision` = `approve` or `deny`. What the code
 * is sent to is shown large, since it is the only thing here that the client cannot make up: a host, or the scheme of an
 * app's own addresses, in which a host means nothing.
 */
export function consentPage(page: ConsentPage): string {
  const texts = TEXTS[page.language];
  const name = plainName(page.clientName ?? '');
  const target = new URL(page.redirectUri);
  const web = target.protocol === 'https:' || target.protocol === 'http:';
  const loopback = web && ['localhost', '127.0.0.1', '[::1]'].includes(target.hostname);
  const body = html`<h1>${texts.consentTitle}</h1>
<div class="box">
<p class="host">${web ? target.host : target.protocol}</p>
<p>${texts.asks}</p>
<p><code>${target.href}</code></p>
${loopback && html`<p class="small">(${texts.onThisMachine})</p>`}
${!web && html`<p class="bad">${texts.toAnApp(target.protocol)}</p>`}
<p class="small">${name && html`<bdi>${texts.selfNamed(name)}</bdi> ${texts.notVerified}<br>`}<code>${page.clientId}</code></p>
</div>
<form method="post" action="${page.action}">
<input type="hidden" name="csrf" value="${page.csrf}">
<fieldset>
<legend>${texts.wants}</legend>
${page.scopes.map(
  (scope) => html`<label class="scope"><input type="checkbox" name="scope" value="${scope}" checked>
<span><b>${texts.scopes[scope]?.name ?? scope}</b>${texts.scopes[scope]?.means} <code class="small">${scope}</code></span></label>
`,
)}</fieldset>
<p class="small">${texts.untick} ${texts.howLong}</p>
<div class="actions">
<button type="submit" name="decision" value="approve">${texts.approve}</button>
<button type="submit" name="decision" value="deny" class="quiet">${texts.deny}</button>
</div>
</form>`;
  return layout({ language: page.language, site: page.site, title: texts.consentTitle, body });
}

/**
 * At most 80 characters that show: control and format characters, such as those that turn the direction of the text around
 * them, would let a name rearrange the sentence that warns of it.
 */
function plainName(name: string): string {
  const shown = name.replace(/[\p{C}\p{Z}]+/gu, ' ').trim();
  return [...shown].slice(0, 80).join('');
}
