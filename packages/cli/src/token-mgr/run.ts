import { openBcrypt } from '@arleo/core/tokens/bcrypt';
import { createToken, listTokens, revokeToken, rotateToken, type TokenTools } from '@arleo/core/tokens/manage';
import { VERSION } from '@arleo/core/version';
import { type Answer, failure, type Outcome, success, wantsJson } from '../outcome.ts';
import { type Request, readCommandLine } from './command-line.ts';
import { helpText } from './help.ts';
import { printCreated, printList, printRevoked, printRotated } from './print.ts';

/** Where the token file is if nothing else is said. */
export const DEFAULT_TOKENS_FILE = '/var/lib/hugo-mcp/tokens.json';

/** Errors of the operations that the command line is to blame for. */
const usageCodes = new Set(['label_invalid', 'name_invalid', 'expiry_invalid']);

/**
 * Runs token-mgr.
 *
 * @param args without the names of node and the script
 * @param env read for `TOKENS_FILE`
 * @param now milliseconds since 1970
 */
export async function runTokenMgr(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  now: () => number,
): Promise<Outcome> {
  const json = wantsJson(args);
  try {
    const { request, file } = readCommandLine(args);
    return success(await answer(request, file ?? (env.TOKENS_FILE || DEFAULT_TOKENS_FILE), now), json);
  } catch (error) {
    return failure('token-mgr', error, json, usageCodes);
  }
}

async function answer(request: Request, file: string, now: () => number): Promise<Answer> {
  switch (request.command) {
    case 'help':
      return { text: helpText(request.about) };
    case 'version':
      return { text: `${VERSION}\n`, value: { version: VERSION } };
    case 'create': {
      const created = await withTools(now, (tools) => createToken(file, request, tools));
      return { text: `${printCreated(created)}\n`, value: created };
    }
    case 'list': {
      const tokens = await listTokens(file, now());
      const legacy = tokens.filter(({ status }) => status === 'legacy').map(({ id }) => id);
      const note =
        legacy.length === 0 ? '' : `Not accepted until rotated (token-mgr rotate ID): ${legacy.join(', ')}\n`;
      return { text: `${printList(tokens)}\n`, value: { tokens }, note };
    }
    case 'revoke': {
      const revoked = await revokeToken(file, request.id, now());
      return { text: `${printRevoked(revoked)}\n`, value: revoked };
    }
    case 'rotate': {
      const rotated = await withTools(now, (tools) => rotateToken(file, request.id, request, tools));
      return { text: `${printRotated(rotated)}\n`, value: { ...rotated.created, old: rotated.old } };
    }
  }
}

async function withTools<T>(now: () => number, use: (tools: TokenTools) => Promise<T>): Promise<T> {
  const bcrypt = openBcrypt();
  try {
    return await use({ bcrypt, now });
  } finally {
    await bcrypt.close();
  }
}
