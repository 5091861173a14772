import { checkSvg } from './check-svg.ts';

const root = (inside: string, attributes = '') =>
  `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9"${attributes}>${inside}</svg>`;
const verdict = (svg: string | Uint8Array): string => {
  try {
    checkSvg(typeof svg === 'string' ? Buffer.from(svg) : svg);
    return 'taken';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

const pixel = 'data:image/png;base64,iVBORw0KGgo=';

test.each([
  ['a plain drawing', root('<title>T</title><path d="M0 0 (1"/><text x="1" font-size="2">a (b) \\ c</text>')],
  ['an XML declaration and comments', `<?xml version="1.0" encoding="UTF-8"?>\n<!-- by hand -->\n${root('<g/>')}\n`],
  ['a byte order mark', `\ufeff${root('<g/>')}`],
  [
    'the document type that Graphviz and matplotlib write',
    `<?xml version="1.0" standalone="no"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"\n "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">${root('<g/>')}`,
  ],
  [
    'gradients, filters, parts used again, and styles',
    root(
      `<defs><linearGradient id="a"><stop stop-color="red"/></linearGradient><style>.b{fill:url(#a)}</style><style><![CDATA[ .c > .d { fill: url("#a") } ]]></style></defs><use xlink:href="#a" href="#a"/><rect fill="url(#a)" style="filter: url('#a')" transform="rotate(3)"/>`,
    ),
  ],
  ['a picture inside the file', root(`<image href="${pixel}"/>`)],
  ['links for people', root('<a href="https://example.org/a?b=c"><g/></a><a xlink:href="/posts/"><g/></a>')],
  ['an animation', root('<circle r="1"><animate attributeName="r" values="1;2" dur="1s"/></circle>')],
  [
    'what Inkscape writes about the drawing',
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:cc="http://creativecommons.org/ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"><sodipodi:namedview inkscape:zoom="1"/><metadata><rdf:RDF><cc:Work rdf:about=""><dc:format>image/svg+xml</dc:format></cc:Work></rdf:RDF></metadata><g inkscape:label="Layer 1"/></svg>`,
  ],
])('takes %s', (_, svg) => {
  expect(verdict(svg)).toBe('taken');
});

test.each([
  ['a script', root('<script>alert(1)</script>')],
  ['a script under another prefix', root('<s:script xmlns:s="http://www.w3.org/2000/svg">1</s:script>')],
  ['a script in upper case, for HTML', root('<SCRIPT>1</SCRIPT>')],
  [
    'a script in a namespace of drawing programs, for HTML',
    root('<script xmlns="http://purl.org/dc/elements/1.1/">1</script>'),
  ],
  ['a script of HTML', root('<script xmlns="http://www.w3.org/1999/xhtml">1</script>')],
  ['a handler', root('<g/>', ' onload="alert(1)"')],
  ['a handler in another case and namespace', root('<g xlink:OnClick="1"/>')],
  [
    'a handler on an element of Inkscape',
    root('<i:x xmlns:i="http://www.inkscape.org/namespaces/inkscape" onload="1"/>'),
  ],
  ['a script link', root('<a href="javascript:alert(1)"><g/></a>')],
  ['a script link behind references', root('<a href="java&#9;script&#x3a;alert(1)"><g/></a>')],
  ['a data link', root('<a href="data:text/html,x"><g/></a>')],
  ['a link to another host without a scheme', root('<a href="//evil.example/"><g/></a>')],
  ['foreign content', root('<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>')],
  ['HTML', root('<p xmlns="http://www.w3.org/1999/xhtml">x</p>')],
  ['MathML', root('<math xmlns="http://www.w3.org/1998/Math/MathML"/>')],
  ['an element of no namespace', root('<g xmlns=""/>')],
  ['a picture from outside', root('<image href="https://evil.example/a.png"/>')],
  ['a picture beside the file', root('<image xlink:href="a.png"/>')],
  ['an SVG inside a picture', root('<image href="data:image/svg+xml;base64,PHN2Zy8+"/>')],
  ['a drawing from outside', root('<use href="https://evil.example/a.svg#b"/>')],
  ['a drawing in a data URL', root('<use href="data:image/svg+xml;base64,PHN2Zy8+#a"/>')],
  ['a filter that loads', root('<filter><feImage href="http://evil.example/"/></filter>')],
  ['a video', root('<video src="a.mp4"/>')],
  ['a style that imports', root('<style>@import "https://evil.example/a.css";</style>')],
  ['a style that loads', root('<style>a{background:URL( "https://evil.example/" )}</style>')],
  ['a style that loads, in CDATA', root('<style><![CDATA[a{background:url(//evil.example)}]]></style>')],
  ['a style that loads, divided by CDATA', root('<style>a{background:u<![CDATA[rl(//evil.example)}]]></style>')],
  ['a style that loads, divided by a comment', root('<style>a{background:ur<!-- -->l(//evil.example)}</style>')],
  ['a style that loads behind an escape', root('<style>a{background:u\\72l(//evil.example)}</style>')],
  ['a style that loads after a character reference', root('<style>a{background:url&#40;//evil.example)}</style>')],
  ['an attribute that loads', root('<rect fill="url(https://evil.example/#a)"/>')],
  ['an attribute that loads behind an escape', root('<rect fill="u\\72l(https://evil.example/#a)"/>')],
  ['a style attribute that loads', root('<rect style="fill:url(https://evil.example/)"/>')],
  ['image-set', root('<rect style="fill:image-set(\'https://evil.example/\' 1x)"/>')],
  ['an animation that changes a link', root('<a><animate attributeName="href" values="javascript:1"/><g/></a>')],
  ['an animation that changes a handler', root('<set attributeName="xlink:href" to="//evil.example"/>')],
  ['an animation that loads', root('<set attributeName="fill" to="url(//evil.example)"/>')],
  ['a base', root('<g/>', ' xml:base="https://evil.example/"')],
  ['a ping', root('<a href="#a" ping="https://evil.example/"><g/></a>')],
  ['a style sheet instruction', `<?xml-stylesheet href="https://evil.example/a.css"?>${root('')}`],
  ['entities', `<!DOCTYPE svg [<!ENTITY a "b">]>${root('&a;')}`],
  ['a foreign document type', `<!DOCTYPE svg SYSTEM "https://evil.example/a.dtd">${root('')}`],
  ['a comment that HTML ends earlier', root('<!--><script>alert(1)</script>-->')],
  ['CDATA where HTML has none', root('<desc><![CDATA[</desc><script>1</script>]]></desc>')],
  ['markup in a title, where HTML takes it for HTML', root('<title><a href="#a">x</a></title>')],
  ['another encoding', `<?xml version="1.0" encoding="UTF-7"?>${root('')}`],
  ['elements without end', root('<g>'.repeat(300) + '</g>'.repeat(300))],
])('refuses %s', (_, svg) => {
  expect(verdict(svg)).toBe('svg_refused');
});

test.each([
  ['no XML', 'hello'],
  ['HTML', '<!doctype html><p>x</p>'.replace('<!doctype html>', '')],
  ['SVG without its namespace', '<svg><g/></svg>'],
  ['an unclosed element', root('<g>')],
  ['two elements at the top', `${root('')}${root('')}`],
  ['an unknown entity', root('&lol;')],
  ['an unbound prefix', root('<x:g/>')],
  ['an attribute twice', root('<g id="a" id="b"/>')],
  ['nothing', ''],
  ['bytes that are not UTF-8', Buffer.from(root('\u00e9'), 'latin1')],
  ['UTF-16', Buffer.from(`\ufeff${root('<g/>')}`, 'utf16le')],
])('does not take %s for SVG', (_, svg) => {
  expect(verdict(svg)).toBe('svg_invalid');
});

test('a drawing as large as may be is taken, a larger one refused', () => {
  const path = '<path d="M10 10 L20 20 L30 10 Z" fill="#abc"/>';
  const large = root(path.repeat(Math.floor((2 * 1024 * 1024 - 500) / path.length)));
  expect(verdict(large)).toBe('taken');
  expect(verdict(root(path.repeat(60_000)))).toBe('asset_too_large');
});
