import { isArleoError } from '@arleo/core/errors';
import type { TokenScope } from '@arleo/core/scopes';
import { type Bcrypt, openBcrypt } from '@arleo/core/tokens/bcrypt';
import { createToken } from '@arleo/core/tokens/manage';
import { parseToken } from '@arleo/core/tokens/token';
import { newEntry, tokenStatus } from '@arleo/core/tokens/token-entry';
import { changeTokenFile, readTokenFile, type TokenFile } from '@arleo/core/tokens/token-file';
import { damaged } from './damaged.ts';
import { readSecret, writeSecret } from './secret-file.ts';

/** A token that one service knows another by. */
export interface HopTokenKind {
  /** Where the token lies. */
  file: string;
  label: string;
  /** The middle word of its id. */
  name: string;
  scopes: readonly TokenScope[];
}

/**
 * Keeps the tokens by which the other services are known to hugo-mcp-server, and their hashes in the token file that
 * token-mgr works on. Gives the tokens in the order of the kinds.
 *
 * @throws ArleoError `state_damaged` if one is of no use any more, and what `readTokenFile` throws
 */
export async function keepHopTokens(tokensFile: string, kinds: readonly HopTokenKind[]): Promise<string[]> {
  const found = await readTokens(tokensFile);
  const bcrypt = openBcrypt({ threads: 1 });
  try {
    const tokens: string[] = [];
    for (const kind of kinds) tokens.push(await keepHopToken(tokensFile, kind, found, bcrypt));
    return tokens;
  } finally {
    await bcrypt.close();
  }
}

/** @param found the token file as it was before any of the tokens was kept */
async function keepHopToken(
  tokensFile: string,
  { file, label, name, scopes }: HopTokenKind,
  found: TokenFile | undefined,
  bcrypt: Bcrypt,
): Promise<string> {
  const kept = await readSecret(file);
  if (kept === undefined) {
    const { token } = await createToken(tokensFile, { label, name, scopes }, { bcrypt, now: Date.now });
    await writeSecret(file, token);
    return token;
  }
  const parts = parseToken(kept);
  if (parts === undefined) throw damaged(file, 'does not hold a token (hmcp_…)');
  if (found !== undefined) {
    checkEntry(found, file, parts.lookup, tokensFile);
    return kept;
  }
  // The token file is gone, the token is not: it goes back in, so that nothing that knows it has to change.
  const secret = { lookup: parts.lookup, hash: await bcrypt.hash(parts.secret) };
  await changeTokenFile(
    tokensFile,
    (current) => ({
      next: { tokens: [...current.tokens, newEntry(current, { label, name, scopes }, secret, Date.now())] },
      result: undefined,
    }),
    { create: true },
  );
  return kept;
}

function checkEntry(file: TokenFile, tokenFile: string, lookup: string, tokensFile: string): void {
  const entry = file.tokens.find((candidate) => candidate.lookup === lookup);
  const status = entry === undefined ? 'not known' : tokenStatus(entry, Date.now());
  if (status === 'active') return;
  throw damaged(tokenFile, `is ${status} (see ${tokensFile})`, `Get a new one: rm ${tokenFile}`);
}

async function readTokens(file: string): Promise<TokenFile | undefined> {
  try {
    return (await readTokenFile(file)).content;
  } catch (error) {
    if (isArleoError(error, 'token_file_missing')) return undefined;
    throw error;
  }
}
