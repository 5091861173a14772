import { ArleoError } from '@arleo/core/errors';
import { type SaxesAttributeNS, SaxesParser, type SaxesTagNS } from 'saxes';
import { ALLOWED_ELEMENTS, ANIMATIONS, EDITOR_NAMESPACES, HARMLESS_DOCTYPE, SVG_NAMESPACE } from './svg-rules.ts';

/** The largest SVG that is checked, in bytes: parsing one takes the service's only thread. */
export const SVG_MAX_BYTES = 2 * 1024 * 1024;

/** Deeper than any drawing; what reads the file later may recurse. */
const maxDepth = 200;

/**
 * Parses an SVG as XML and refuses whatever could run code, load something from outside, or carry content of another
 * kind: what is not known to be harmless is refused. It also refuses what reads differently as XML (a file of its own)
 * and as HTML (a theme that puts the file's text into a page).
 *
 * @throws {@link ArleoError} `svg_invalid` if it is no well-formed SVG in UTF-8, `svg_refused` with the reason,
 *   `asset_too_large` above {@link SVG_MAX_BYTES}
 * @see [SVG Integration, secure static mode](https://www.w3.org/TR/svg-integration/)
 */
export function checkSvg(bytes: Uint8Array): void {
  if (bytes.length > SVG_MAX_BYTES) {
    throw new ArleoError('asset_too_large', `The SVG has ${bytes.length} bytes; at most ${SVG_MAX_BYTES} are taken.`, {
      hint: 'Make it simpler (svgo does that), or upload it as PNG or WebP.',
    });
  }
  const parser = new SaxesParser({ xmlns: true, position: false });
  const open: SaxesTagNS[] = [];
  let seenRoot = false;
  // The text of the style element that is open: it counts as one, however comments and CDATA divide it.
  let css = '';

  parser.on('error', (error) => {
    throw invalid(error.message);
  });
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8') {
      throw refused(`it declares the encoding ${JSON.stringify(encoding.slice(0, 40))}`, 'Save it as UTF-8.');
    }
  });
  parser.on('doctype', (text) => {
    if (HARMLESS_DOCTYPE.test(text)) return;
    throw refused('its document type declares entities or names a foreign definition', 'Save it without a DOCTYPE.');
  });
  parser.on('processinginstruction', ({ target }) => {
    throw refused(`it has a processing instruction (${target.slice(0, 40)}), which can load a style sheet or script`);
  });
  parser.on('comment', (text) => {
    // An HTML parser ends a comment at these; what follows would be markup there.
    if (/^-?>|--!>/.test(text)) throw refused('it has a comment that HTML reads as markup');
  });
  parser.on('cdata', (text) => {
    if (open.at(-1)?.local !== 'style') throw refused('it has a CDATA section outside of a style element');
    css += text;
  });
  parser.on('text', (text) => {
    if (open.at(-1)?.local === 'style') css += text;
  });
  parser.on('opentag', (tag) => {
    if (!seenRoot && (tag.local !== 'svg' || tag.uri !== SVG_NAMESPACE)) {
      throw invalid('its outermost element is not svg in the namespace http://www.w3.org/2000/svg');
    }
    seenRoot = true;
    if (open.length >= maxDepth) throw refused(`its elements are nested more than ${maxDepth} deep`);
    checkElement(tag, open.at(-1));
    for (const attribute of Object.values(tag.attributes)) checkAttribute(tag, attribute);
    if (!tag.isSelfClosing) open.push(tag);
  });
  parser.on('closetag', (tag) => {
    if (tag.local === 'style') {
      checkCss(css, '<style>');
      css = '';
    }
    if (!tag.isSelfClosing) open.pop();
  });

  parser.write(utf8(bytes)).close();
  if (!seenRoot) throw invalid('it has no element');
}

function checkElement(tag: SaxesTagNS, parent: SaxesTagNS | undefined): void {
  const { local, name, prefix, uri } = tag;
  if (parent !== undefined && /^(?:title|desc|style)$/.test(parent.local)) {
    // An HTML parser takes what is in title and desc for HTML.
    throw refused(`<${shown(name)}> is inside <${parent.local}>, where only text may be`);
  }
  if (EDITOR_NAMESPACES.has(uri) && prefix !== '') return;
  if (uri !== SVG_NAMESPACE) throw refused(`<${shown(name)}> is not an SVG element: it embeds foreign content`);
  if (!ALLOWED_ELEMENTS.has(local)) {
    throw refused(`<${shown(name)}> can run code, load from outside or hold foreign content`);
  }
  // An HTML parser knows no prefixes: it would read another element than XML does.
  if (prefix !== '')
    throw refused(`<${shown(name)}> has a namespace prefix`, 'Save it with SVG as the default namespace.');
}

function checkAttribute(tag: SaxesTagNS, { name, local, prefix, value }: SaxesAttributeNS): void {
  const where = `${shown(name)} of <${shown(tag.name)}>`;
  if (prefix === 'xmlns' || name === 'xmlns') return;
  const key = local.toLowerCase();
  if (key.startsWith('on')) throw refused(`${where} runs a script`);
  if (
    key === 'base' ||
    key === 'src' ||
    key === 'srcset' ||
    key === 'ping' ||
    key === 'action' ||
    key === 'formaction'
  ) {
    throw refused(`${where} loads from outside or changes where links lead`);
  }
  if (key === 'href') {
    checkLink(tag.local, value, where);
    return;
  }
  if (
    ANIMATIONS.has(tag.local) &&
    key === 'attributename' &&
    /^(?:.*:)?(?:href|style|base|src|class|on.*)$/i.test(value.trim())
  ) {
    throw refused(`${where} changes links, styles or scripts over time`);
  }
  if (ANIMATIONS.has(tag.local) && /script\s*:/i.test(withoutBlanks(value))) throw refused(`${where} holds a script`);
  // Presentation attributes are CSS as well: fill="url(…)". Numbers of a path or a transformation are not.
  const numbers = /^(?:d|points|transform|gradienttransform|patterntransform)$/.test(key);
  if (key === 'style' || (/[\\(]/.test(value) && !numbers)) checkCss(value, where);
}

/** `#part` of the drawing anywhere; pictures inside the file for `image`; for a link also where it may lead. */
function checkLink(element: string, value: string, where: string): void {
  const target = withoutBlanks(value);
  if (target === '' || target.startsWith('#')) return;
  if (element === 'image' || element === 'feImage') {
    if (/^data:image\/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=]*$/i.test(target)) return;
    throw refused(`${where} loads a picture from outside`, 'Embed it as a PNG, JPEG, GIF or WebP data URL.');
  }
  if (element === 'a' && /^(?:https?:\/\/|mailto:|\/(?!\/))/i.test(target)) return;
  throw refused(`${where} leads out of the file`);
}

/** Style text that loads nothing: no escapes and comments that could hide something, no imports, `url()` of parts only. */
function checkCss(css: string, where: string): void {
  if (css.includes('\\')) throw refused(`${where} has a CSS escape, behind which anything can hide`);
  if (/@(?:import|charset|namespace|document)/i.test(css)) throw refused(`${where} imports a style sheet`);
  if (/(?:image-set|cross-fade|image|src|element|expression|paint)\s*\(|-moz-binding|behavior\s*:/i.test(css)) {
    throw refused(`${where} loads from outside or runs a script`);
  }
  for (const [, target = ''] of css.matchAll(/url\(\s*["']?([^)]*)/gi)) {
    if (target.startsWith('#')) continue;
    if (
      /^data:(?:image\/(?:png|jpe?g|gif|webp)|font\/\w+|application\/(?:x-)?font-\w+);base64,[A-Za-z0-9+/=]*["']?\s*$/i.test(
        target,
      )
    )
      continue;
    throw refused(`${where} loads something by url()`, 'Embed pictures and fonts as data URLs.');
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ArleoError('svg_invalid', 'The SVG is not valid UTF-8.', { cause, hint: 'Save it as UTF-8.' });
  }
}

/** What a URL parser leaves of a text: it drops tabs, line ends and blanks around. */
function withoutBlanks(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that are dropped
  return text.replace(/[\u0000-\u0020]/g, '');
}

function shown(name: string): string {
  return name.slice(0, 60);
}

function invalid(why: string): ArleoError {
  return new ArleoError('svg_invalid', `The SVG is not well-formed: ${why.slice(0, 300)}.`, {
    hint: 'Nothing was uploaded. Check the file in a browser or with xmllint.',
  });
}

function refused(why: string, hint = 'Take it out, or upload the picture as PNG or WebP.'): ArleoError {
  return new ArleoError('svg_refused', `The SVG is refused: ${why}.`, { hint });
}
