import { html } from './html.ts';
import { layout } from './layout.ts';
import { type Language, TEXTS } from './texts.ts';

/** What the error page shows. */
export interface ErrorPage {
  language: Language;
  site: string;
  problem:
    | 'expired'
    | 'foreign'
    | 'unknownClient'
    | 'wrongRedirect'
    | 'clientDocument'
    | 'brokenRequest'
    | 'unavailable';
  /** What it is about: where, and what is wrong there. */
  subject?: readonly string[];
  /** OAuth error code and description, and the request id. */
  details?: readonly string[];
}

/** A page that says what went wrong and what to do. */
export function errorPage({ language, site, problem, subject = [], details = [] }: ErrorPage): string {
  const texts = TEXTS[language];
  const body = html`<h1>${texts.errorTitle}</h1>
<p>${texts[problem]}</p>
${subject.map(
  (line) => html`<p><code>${line}</code></p>
`,
)}${
  details.length > 0 &&
  html`<details><summary class="small">${texts.details}</summary>${details.map((line) => html`<p><code>${line}</code></p>`)}</details>`
}`;
  return layout({ language, site, title: texts.errorTitle, body });
}
