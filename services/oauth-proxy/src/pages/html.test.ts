import { html } from './html.ts';
import { preferredLanguage } from './texts.ts';

describe('html', () => {
  it('escapes every value, in text and in attributes', () => {
    const hostile = `<img src=x onerror="alert('&')">`;
    expect(html`<p title="${hostile}">${hostile}</p>`.text).toBe(
      '<p title="&lt;img src=x onerror=&quot;alert(&#39;&amp;&#39;)&quot;&gt;">&lt;img src=x onerror=&quot;alert(&#39;&amp;&#39;)&quot;&gt;</p>',
    );
  });

  it('takes HTML as it is, joins lists, and shows nothing for what is absent', () => {
    expect(html`${html`<b>${'<'}</b>`}${[html`<i></i>`, '&']}${undefined}${false}${null}${0}`.text).toBe(
      '<b>&lt;</b><i></i>&amp;0',
    );
  });
});

describe('preferred language', () => {
  it.each([
    [undefined, 'en'],
    ['', 'en'],
    ['fr', 'fr'],
    ['fr-CA,en;q=0.8', 'fr'],
    ['en;q=0.5, fr;q=0.9', 'fr'],
    ['de, it', 'en'],
    ['fr;q=0', 'en'],
    ['de, fr;q=0.1', 'fr'],
    [';;;,,,=q', 'en'],
  ])('%s is %s', (header, language) => {
    expect(preferredLanguage(header)).toBe(language);
  });
});
