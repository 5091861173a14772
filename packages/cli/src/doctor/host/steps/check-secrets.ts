import { timingSafeEqual } from 'node:crypto';
import { ArleoError } from '@arleo/core/errors';
import { parseToken, tokenSha256 } from '@arleo/core/tokens/token';
import { tokenStatus } from '@arleo/core/tokens/token-entry';
import { readTokenFile } from '@arleo/core/tokens/token-file';
import type { Found, Trail } from '../../trail.ts';
import type { Installed } from '../../walk-host.ts';
import { secretOf } from '../installation.ts';

/** Whether the secrets that two services share are the same ones, as far as both stand on this host. None is ever told. */
export async function checkSecrets(units: Installed, hangs: (file: string) => boolean, trail: Trail): Promise<void> {
  const { 'mcp-oauth-proxy': front, 'hugo-mcp-proxy': proxy, 'hugo-mcp': server } = units;
  const token = front === undefined ? undefined : await secretOf(front, 'MCP_TOKEN');
  if (token !== undefined) trail.hide(token);
  const digests = proxy?.settings.MCP_TOKEN_SHA256;
  if (token !== undefined && digests !== undefined) {
    await trail.look('host', 'secrets of oauth-proxy and hugo-mcp-proxy', 2_000, async () => {
      const own = Buffer.from(tokenSha256(token), 'hex');
      const same = digests.split(',').some((hex) => {
        const digest = Buffer.from(hex.trim(), 'hex');
        return digest.length === own.length && timingSafeEqual(digest, own);
      });
      const says =
        'SHA-256 of MCP_TOKEN in /etc/mcp-oauth-proxy/.env is not in MCP_TOKEN_SHA256 of /etc/hugo-mcp-proxy/.env';
      return same ? { says: 'are of one kind' } : { says: 'differ', found: [{ code: 'secrets_differ', says }] };
    });
  }
  if (server === undefined || server.unread !== undefined) return;
  const file = server.settings.TOKENS_FILE ?? '/var/lib/hugo-mcp/tokens.json';
  if (hangs(file)) return trail.skip('host', file, 'its disk hangs');
  await trail.look('host', file, 4_000, async () => {
    const read = await readTokenFile(file).catch((error: unknown) => {
      if (error instanceof ArleoError) return error;
      throw error;
    });
    if (read instanceof ArleoError) {
      const blind = read.code === 'token_file_unreadable';
      return { says: read.message, found: [{ code: blind ? 'not_readable' : 'tokens_unusable', says: read.message }] };
    }
    const { tokens } = read.content;
    const now = Date.now();
    const active = tokens.filter((entry) => tokenStatus(entry, now) === 'active');
    const found: Found[] =
      active.length > 0 ? [] : [{ code: 'tokens_unusable', says: `${file}: none of ${tokens.length} is active` }];
    const lookup = token === undefined ? undefined : parseToken(token)?.lookup;
    if (lookup !== undefined && active.length > 0) {
      const entry = tokens.find((one) => one.lookup === lookup);
      const status = entry === undefined ? 'not in it' : tokenStatus(entry, now);
      if (status !== 'active')
        found.push({ code: 'hop_token_refused', says: `${file}: MCP_TOKEN of oauth-proxy is ${status}` });
    }
    return { says: `${active.length} of ${tokens.length} tokens active`, found };
  });
}
