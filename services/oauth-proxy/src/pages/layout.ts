import { createHash } from 'node:crypto';
import { Html, html } from './html.ts';
import type { Language } from './texts.ts';

const style = `
:root{color-scheme:light dark;--ink:#1d2433;--soft:#5b6475;--line:#d9dee7;--paper:#fff;--ground:#f3f5f9;--accent:#24559e;--on-accent:#fff;--bad:#a3261d;--bad-ground:#fdf0ee}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf2;--soft:#a4adbd;--line:#343c4b;--paper:#1b202a;--ground:#12161d;--accent:#8db4f2;--on-accent:#0f1b2e;--bad:#ffb4ab;--bad-ground:#3a1d1b}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--ground);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{width:100%;max-width:30rem;background:var(--paper);border:1px solid var(--line);border-radius:.9rem;padding:2rem}
@media(max-width:30rem){body{place-items:start center;padding:.6rem}main{padding:1.4rem 1.15rem}}
.site{margin:0 0 1.2rem;color:var(--soft);font-size:.9rem}
h1{margin:0 0 .6rem;font-size:1.45rem;line-height:1.25}
p{margin:.5rem 0}
.host{margin:.3rem 0;font-size:1.35rem;font-weight:650;overflow-wrap:anywhere}
h2{margin:1.2rem 0 .2rem;font-size:.9rem;font-weight:600;color:var(--soft)}
form h2{color:inherit;font-size:1rem}
.box>h2:first-child{margin-top:0}
.who{margin:.2rem 0;font-size:1.15rem;font-weight:650}
.small{color:var(--soft);font-size:.88rem;overflow-wrap:anywhere}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.86em;overflow-wrap:anywhere}
.box{border:1px solid var(--line);border-radius:.6rem;padding:.8rem 1rem;margin:1rem 0}
label.field{display:block;font-weight:600;margin:1rem 0 .35rem}
input[type=password],input[type=text]{width:100%;font:inherit;color:inherit;background:var(--ground);border:1px solid var(--soft);border-radius:.5rem;padding:.65rem .75rem}
fieldset{border:0;margin:1.1rem 0 0;padding:0}
legend{font-weight:600;padding:0;margin-bottom:.2rem}
.scope{display:flex;gap:.75rem;align-items:flex-start;padding:.55rem 0;border-top:1px solid var(--line)}
.scope:first-of-type{border-top:0}
.scope input{flex:none;width:1.2rem;height:1.2rem;margin:.2rem 0 0;accent-color:var(--accent)}
.scope b{display:block}
.actions{display:flex;gap:.75rem;margin-top:1.5rem}
button{flex:1;font:inherit;font-weight:600;padding:.7rem 1rem;border-radius:.5rem;border:1px solid var(--accent);cursor:pointer;background:var(--accent);color:var(--on-accent)}
button.quiet{background:transparent;color:var(--ink);border-color:var(--soft)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.bad{background:var(--bad-ground);color:var(--bad);border-radius:.5rem;padding:.7rem .9rem;margin:1rem 0}
details{margin-top:1.2rem}
summary{cursor:pointer;color:var(--accent)}
summary.small{color:var(--soft)}
input[aria-invalid]{border-color:var(--bad)}
`;

/** CSP source of the one style sheet that the pages carry. */
export const STYLE_SOURCE = `'sha256-${createHash('sha256').update(style).digest('base64')}'`;

/** A whole page. `site` is the host of the issuer, so that the owner sees where they are. */
export function layout(page: { language: Language; title: string; site: string; body: Html }): string {
  return html`<!doctype html>
<html lang="${page.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${page.title} · ${page.site}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
<p class="site">${page.site}</p>
${page.body}
</main>
</body>
</html>
`.text;
}
