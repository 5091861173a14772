import { CLAUDE_CALLBACKS } from '../provider/claude-callbacks.ts';
import type { ClientDocument } from './read-document.ts';

/**
 * What the documents of Claude say, for when they cannot be had: the one of Claude.ai has been HTML and a redirect for a while,
 * and a connector must not depend on it.
 */
export const PINNED_DOCUMENTS: Readonly<Record<string, ClientDocument>> = {
  'https://claude.ai/oauth/mcp-oauth-client-metadata': {
    name: 'Claude',
    redirectUris: [...CLAUDE_CALLBACKS],
  },
  'https://claude.ai/oauth/claude-code-client-metadata': {
    name: 'Claude Code',
    redirectUris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
  },
};
