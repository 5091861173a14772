/**
 * Characters that change how a line reads without being seen, or are no characters at all. The zero-width joiner and
 * non-joiner are left out: Persian, Hindi and many emoji are written with them; so are the two variation selectors
 * that choose text or emoji presentation.
 *
 * @see [UTR #36, Unicode Security Considerations](https://www.unicode.org/reports/tr36/)
 */
const deceptiveCharacters = [
  // Controls, surrogates without a partner, line and paragraph separators.
  '\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}',
  // Bidirectional controls: they show a line in another order than it is stored.
  '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069',
  // Zero-width, fillers and other invisible ones.
  '\\u00ad\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u2060-\\u2065\\u206a-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb',
  // Variation selectors and tag characters: text for a model can be hidden in them from people.
  '\\u180b-\\u180d\\u180f\\ufe00-\\ufe0d\\u{e0000}-\\u{e0fff}',
].join('');

const deceptive = new RegExp(`[${deceptiveCharacters}]`, 'u');

/** The same, with every other invisible format character (Cf, the two joiners too): for paths and keys. */
const deceptiveInName = new RegExp(`[${deceptiveCharacters}\\p{Cf}]`, 'u');

/** `U+202E`: how a character that cannot be shown is named in a message. */
export function codePointName(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** The first control, bidirectional or invisible character in one line of text for people, or undefined. */
export function deceptiveCharacter(text: string): string | undefined {
  return deceptive.exec(text)?.[0];
}

/** The same for text of several lines: line feeds and tabs are allowed. */
export function deceptiveCharacterInLines(text: string): string | undefined {
  return deceptive.exec(text.replace(/\r\n|[\n\t]/g, ' '))?.[0];
}

/** The first control, bidirectional or otherwise invisible character in a path or a key, or undefined. */
export function deceptiveCharacterInName(text: string): string | undefined {
  return deceptiveInName.exec(text)?.[0];
}

/** The first character that no page body may have: NUL, or half of a surrogate pair (it could not be stored unchanged). */
export function unstorableCharacter(text: string): string | undefined {
  return /[\0\p{Cs}]/u.exec(text)?.[0];
}

/** How often one invisible character stands in a text, and in which line first (from 1). */
export interface InvisibleCharacter {
  /** `U+202E` */
  character: string;
  count: number;
  first_line: number;
}

/** As many different characters as a report names. */
const maxReported = 20;

/** The control, bidirectional and invisible characters of a text of several lines; line ends and tabs are none. */
export function invisibleCharacters(text: string): InvisibleCharacter[] {
  const found = new Map<string, InvisibleCharacter>();
  let line = 1;
  let counted = 0;
  for (const { 0: character, index } of text.matchAll(deceptiveEverywhere)) {
    // A byte order mark at the very beginning is how some editors write files.
    if (isLineText(character, text, index) || (index === 0 && character === '\ufeff')) continue;
    const known = found.get(character);
    if (known !== undefined) {
      known.count += 1;
      continue;
    }
    if (found.size === maxReported) continue;
    for (; counted < index; counted++) if (text[counted] === '\n') line += 1;
    found.set(character, { character: codePointName(character), count: 1, first_line: line });
  }
  return [...found.values()];
}

/** The text with every control, bidirectional and invisible character written out as `⟨U+202E⟩`. */
export function withVisibleCharacters(text: string): string {
  return text.replace(deceptiveEverywhere, (character, index: number) =>
    isLineText(character, text, index) ? character : `⟨${codePointName(character)}⟩`,
  );
}

const deceptiveEverywhere = new RegExp(deceptive.source, 'gu');

function isLineText(character: string, text: string, index: number): boolean {
  return character === '\n' || character === '\t' || (character === '\r' && text[index + 1] === '\n');
}
