import { isArleoError } from '@arleo/core/errors';
import { SCOPES } from '@arleo/core/scopes';
import { openBcrypt } from '@arleo/core/tokens/bcrypt';
import { createToken } from '@arleo/core/tokens/manage';
import { parseToken } from '@arleo/core/tokens/token';
import { tokenStatus } from '@arleo/core/tokens/token-entry';
import { changeTokenFile, formatTime, readTokenFile, type TokenFile } from '@arleo/core/tokens/token-file';
import { damaged } from './damaged.ts';
import { readSecret, writeSecret } from './secret-file.ts';

/**
 * Keeps the token by which oauth-proxy is known to hugo-mcp-server, and its hash in the token file that token-mgr works on.
 *
 * @throws ArleoError `state_damaged` if the token is of no use any more, and what `readTokenFile` throws
 */
export async function keepHopToken(tokenFile: string, tokensFile: string): Promise<string> {
  const kept = await readSecret(tokenFile);
  const bcrypt = openBcrypt({ threads: 1 });
  try {
    if (kept === undefined) {
      const { token } = await createToken(tokensFile, { label: 'oauth-proxy of the demo' }, { bcrypt, now: Date.now });
      await writeSecret(tokenFile, token);
      return token;
    }
    const parts = parseToken(kept);
    if (parts === undefined) throw damaged(tokenFile, 'does not hold a token (hmcp_…)');
    const file = await readTokens(tokensFile);
    if (file !== undefined) {
      checkEntry(file, tokenFile, parts.lookup, tokensFile);
      return kept;
    }
    // The token file is gone, the token is not: it goes back in, so that nothing that knows it has to change.
    const hash = await bcrypt.hash(parts.secret);
    const entry = {
      id: 'tok_main_001',
      hash,
      created_at: formatTime(Date.now()),
      label: 'oauth-proxy of the demo',
      lookup: parts.lookup,
      scopes: [...SCOPES],
    };
    await changeTokenFile(tokensFile, () => ({ next: { tokens: [entry] }, result: undefined }), { create: true });
    return kept;
  } finally {
    await bcrypt.close();
  }
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
