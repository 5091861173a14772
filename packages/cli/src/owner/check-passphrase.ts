import { deceptiveCharacter } from '@arleo/core/content/text';
import { ArleoError } from '@arleo/core/errors';
import { canonicalPassphrase, MAX_PASSPHRASE_BYTES } from '@arleo/core/owner/passphrase';

/** The shortest passphrase, in characters. */
const minCharacters = 12;

/** Of 0 to 4: more than 10^10 tries. Whoever has the hash from a backup makes some 10^5 a second. */
const minScore = 4;

/**
 * Refuses what a person could not type again or somebody would guess.
 *
 * @throws {@link ArleoError} `passphrase_refused`, which says why
 */
export async function checkPassphrase(typed: string): Promise<void> {
  const problem = formProblem(canonicalPassphrase(typed)) ?? (await guessProblem(canonicalPassphrase(typed)));
  if (problem === undefined) return;
  throw new ArleoError('passphrase_refused', `${problem} Nothing was changed.`, {
    hint: 'Take what a password manager makes, or five words that you draw by lot.',
  });
}

function formProblem(passphrase: string): string | undefined {
  const bytes = Buffer.byteLength(passphrase);
  const characters = [...passphrase].length;
  if (bytes > MAX_PASSPHRASE_BYTES) {
    return `The passphrase has ${bytes} bytes; bcrypt looks at no more than ${MAX_PASSPHRASE_BYTES}.`;
  }
  if (characters < minCharacters) {
    return `The passphrase has ${characters} ${characters === 1 ? 'character' : 'characters'}; it needs ${minCharacters} at least.`;
  }
  if (deceptiveCharacter(passphrase) !== undefined) return 'The passphrase has a control or invisible character.';
  // What a terminal of another encoding sends: no browser would ever send the same.
  if (passphrase.includes('\ufffd')) return 'The passphrase did not arrive as UTF-8.';
  if (passphrase !== passphrase.trim()) return 'The passphrase begins or ends with a space, which nobody sees.';
  return undefined;
}

async function guessProblem(passphrase: string): Promise<string | undefined> {
  // Its word lists take time to read, and only this needs them.
  const [{ ZxcvbnFactory }, { adjacencyGraphs, dictionary }] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
  ]);
  // The package's ES module gives the graphs one level deeper than its CommonJS and its types.
  const graphs = (adjacencyGraphs as { default?: typeof adjacencyGraphs }).default ?? adjacencyGraphs;
  const zxcvbn = new ZxcvbnFactory({ dictionary, graphs });
  const { score, guessesLog10, sequence } = zxcvbn.check(passphrase, ['arleo', 'hugo', 'claude', 'passphrase', 'mcp']);
  if (score >= minScore) return undefined;
  const common = sequence.some(
    ({ pattern, token }) => pattern === 'dictionary' && token.length * 2 > passphrase.length,
  );
  const about = `guessed in about 10^${Math.max(1, Math.round(guessesLog10))} tries`;
  return common ? `The passphrase is a common one: ${about}.` : `The passphrase is easy to guess: ${about}.`;
}
