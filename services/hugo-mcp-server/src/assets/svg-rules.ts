/** Namespaces that mean something in an SVG. */
export const SVG_NAMESPACE = 'http://www.w3.org/2000/svg';

/**
 * What drawing programs write about a drawing into the file: it has no effect when it is shown. Elements of these
 * namespaces are taken with a prefix only: without one, an HTML parser (themes put SVG into pages) would read
 * `<script xmlns="…">` as a script.
 */
export const EDITOR_NAMESPACES: ReadonlySet<string> = new Set([
  'http://www.inkscape.org/namespaces/inkscape',
  'http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd',
  'http://www.w3.org/1999/02/22-rdf-syntax-ns#',
  'http://purl.org/dc/elements/1.1/',
  'http://purl.org/dc/terms/',
  'http://creativecommons.org/ns#',
  'http://web.resource.org/cc/',
  'http://www.bohemiancoding.com/sketch/ns',
  'https://boxy-svg.com',
  'http://www.serif.com/',
]);

/**
 * The elements of SVG 1.1 and 2 that draw, describe or animate. What is not here runs code (`script`, `handler`,
 * `listener`), holds foreign content (`foreignObject`, `iframe`, `video` …) or loads from outside (`font-face-uri`,
 * `color-profile`, `tref`, `cursor`).
 *
 * @see [SVG 2, Appendix: Element index](https://www.w3.org/TR/SVG2/eltindex.html)
 */
export const ALLOWED_ELEMENTS: ReadonlySet<string> = new Set(
  [
    'a animate animateMotion animateTransform circle clipPath defs desc ellipse feBlend feColorMatrix',
    'feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight feDropShadow',
    'feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feImage feMerge feMergeNode feMorphology feOffset',
    'fePointLight feSpecularLighting feSpotLight feTile feTurbulence filter g hatch hatchpath image line linearGradient',
    'marker mask metadata mpath path pattern polygon polyline radialGradient rect set stop style svg switch symbol',
    'text textPath title tspan use view',
  ]
    .join(' ')
    .split(' '),
);

/** Elements that change an attribute over time. */
export const ANIMATIONS: ReadonlySet<string> = new Set(['animate', 'animateMotion', 'animateTransform', 'set']);

/** The document types that SVG programs write, which say nothing but "SVG". */
export const HARMLESS_DOCTYPE =
  /^\s*svg(?:\s+PUBLIC\s+(["'])-\/\/W3C\/\/DTD SVG [\w. ]{1,40}\/\/EN\1\s+(["'])https?:\/\/www\.w3\.org\/[\w./-]{1,100}\2)?\s*$/;
