import type { ClientOrigin } from '../provider/client-origin.ts';
import { isLoopbackHost } from '../provider/redirect-uri.ts';
import { type Html, html } from './html.ts';
import { layout } from './layout.ts';
import { type Language, TEXTS } from './texts.ts';

/** What the consent page shows. */
export interface ConsentPage {
  language: Language;
  site: string;
  action: string;
  csrf: string;
  /** How the client came to be known. */
  origin: ClientOrigin;
  /** The client's name as it gave it itself; anybody can register under any name. */
  clientName?: string | undefined;
  clientId: string;
  redirectUri: string;
  /** The scopes asked for, in the order in which they are shown. */
  scopes: readonly string[];
}

/**
 * The consent form: one checkbox `scope` for each scope, and the buttons `decision` = `approve` or `deny`. Large is what
 * the client cannot make up: the host that its id is at, and what the code is sent to (a host, or the scheme of an app's own
 * addresses, in which a host means nothing). The name that it gives itself is small.
 */
export function consentPage(page: ConsentPage): string {
  const texts = TEXTS[page.language];
  const body = html`<h1>${texts.consentTitle}</h1>
<section class="box">
<h2>${texts.whoAsks}</h2>
${whoAsks(page)}
<h2>${texts.sentTo}</h2>
${sentTo(page)}
</section>
<form method="post" action="${page.action}">
<input type="hidden" name="csrf" value="${page.csrf}">
<fieldset>
<legend>${texts.wants}</legend>
<p class="small">${texts.untick}</p>
${page.scopes.map(
  (scope) => html`<label class="scope"><input type="checkbox" name="scope" value="${scope}" checked>
<span><b>${texts.scopes[scope]?.name ?? scope}</b>${texts.scopes[scope]?.means} <code class="small">${scope}</code></span></label>
`,
)}</fieldset>
<h2>${texts.forHowLong}</h2>
<p class="small">${texts.howLong}</p>
<p class="small">${texts.besideEarlier}</p>
<div class="actions">
<button type="submit" name="decision" value="approve">${texts.approve}</button>
<button type="submit" name="decision" value="deny" class="quiet">${texts.deny}</button>
</div>
</form>`;
  return layout({ language: page.language, site: page.site, title: texts.consentTitle, body });
}

function whoAsks({ language, origin, clientName, clientId }: ConsentPage): Html {
  const texts = TEXTS[language];
  const name = plainName(clientName ?? '');
  const claim = name && html`<p class="small"><bdi>${texts.selfNamed(name)}</bdi> ${texts.notVerified}</p>`;
  const id = html`<code>${clientId}</code>`;
  switch (origin.kind) {
    case 'document':
      return html`<p class="host">${origin.host}</p>
<p class="small">${texts.byDocument}<br>${id}</p>
${claim}`;
    case 'owner':
      return html`<p class="who">${texts.byOwner}</p>
<p class="small">${texts.byOwnerHelp}<br>${id}</p>`;
    case 'registered':
      return html`<p class="who">${texts.byItself}</p>
<p class="small">${texts.byItselfHelp}<br>${id}</p>
${claim}`;
  }
}

function sentTo({ language, origin, redirectUri }: ConsentPage): Html {
  const texts = TEXTS[language];
  const target = new URL(redirectUri);
  const web = target.protocol === 'https:' || target.protocol === 'http:';
  const loopback = web && isLoopbackHost(target.hostname);
  const otherHost = web && !loopback && origin.kind === 'document' && origin.host !== target.host;
  return html`<p class="host">${web ? target.host : target.protocol}</p>
<p class="small"><code>${target.href}</code></p>
${loopback && html`<p class="small">${texts.onThisMachine}</p>`}
${otherHost && html`<p class="bad">${texts.otherHost}</p>`}
${!web && html`<p class="bad">${texts.toAnApp(target.protocol)}</p>`}`;
}

/**
 * At most 80 characters that show: control and format characters, such as those that turn the direction of the text around
 * them, would let a name rearrange the sentence that warns of it.
 */
function plainName(name: string): string {
  const shown = name.replace(/[\p{C}\p{Z}]+/gu, ' ').trim();
  return [...shown].slice(0, 80).join('');
}
