import { createHmac, randomUUID } from 'node:crypto';
import http from 'node:http';
import type { Answer } from './tls-upstream.ts';
import { send } from './tls-upstream.ts';

/** How GitHub is to deliver. */
export interface DeliveryOptions {
  event?: string;
  /** `X-GitHub-Delivery`: the same again for a redelivery. */
  id?: string;
  /** GitHub offers JSON and a form. */
  contentType?: 'json' | 'form';
  /** What is signed with; another one than the receiver's is a forgery. */
  secret?: string;
  /** Headers that differ from GitHub's; undefined leaves one out. */
  headers?: Record<string, string | undefined>;
  /** Instead of the path of the webhook. */
  path?: string;
  /** Bytes that are sent in the place of the signed ones. */
  tampered?: string;
}

/** A hook at GitHub, which delivers in GitHub's wire format (headers, both content types, signatures of the raw body). */
export function createHook(base: string, secret: string) {
  const deliver = (payload: object, options: DeliveryOptions = {}): Promise<Answer> => {
    const { event = 'push', id = randomUUID(), contentType = 'json' } = options;
    const json = JSON.stringify(payload);
    const body = contentType === 'json' ? json : `payload=${encodeURIComponent(json).replaceAll('%20', '+')}`;
    const mac = (algorithm: string) =>
      createHmac(algorithm, options.secret ?? secret)
        .update(body)
        .digest('hex');
    const headers: Record<string, string | undefined> = {
      Accept: '*/*',
      'Content-Type': contentType === 'json' ? 'application/json' : 'application/x-www-form-urlencoded',
      'Content-Length': String(Buffer.byteLength(options.tampered ?? body)),
      'User-Agent': 'GitHub-Hookshot/044aadd',
      'X-GitHub-Delivery': id,
      'X-GitHub-Event': event,
      'X-GitHub-Hook-ID': '292430182',
      'X-GitHub-Hook-Installation-Target-ID': '79929171',
      'X-GitHub-Hook-Installation-Target-Type': 'repository',
      'X-Hub-Signature': `sha1=${mac('sha1')}`,
      'X-Hub-Signature-256': `sha256=${mac('sha256')}`,
      ...options.headers,
    };
    const present = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return send(`${base}${options.path ?? '/webhook/github'}`, {
      headers: Object.fromEntries(present),
      body: options.tampered ?? body,
    });
  };
  return {
    deliver,
    push: (commit = '1'.repeat(40), options: DeliveryOptions & { ref?: string; deleted?: boolean } = {}) =>
      deliver(pushPayload(commit, options.ref, options.deleted), options),
    ping: (options: DeliveryOptions = {}) =>
      deliver(
        {
          zen: 'Avoid administrative distraction.',
          hook_id: 292430182,
          hook: { type: 'Repository', id: 292430182, name: 'web', active: true, events: ['push'] },
          repository,
          sender: owner,
        },
        { event: 'ping', ...options },
      ),
  };
}

const owner = { login: 'octocat', id: 1, type: 'User' };
const repository = {
  id: 79929171,
  name: 'site',
  full_name: 'octocat/site',
  private: true,
  owner,
  default_branch: 'main',
};

/** The parts of a push's payload that GitHub always sends. */
function pushPayload(commit: string, ref = 'refs/heads/main', deleted = false): object {
  const change = {
    id: commit,
    message: 'Change the layout — größer',
    timestamp: '2026-11-21T09:00:00+01:00',
    author: { name: 'Octo Cat', email: 'octocat@example.org', username: 'octocat' },
    added: [],
    removed: [],
    modified: ['layouts/_default/single.html'],
  };
  return {
    ref,
    before: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
    after: deleted ? '0'.repeat(40) : commit,
    repository: { ...repository, pushed_at: 1795248000 },
    pusher: { name: 'octocat', email: 'octocat@example.org' },
    sender: owner,
    created: false,
    deleted,
    forced: false,
    base_ref: null,
    compare: `https://github.com/octocat/site/compare/6113728f27ae...${commit.slice(0, 12)}`,
    commits: deleted ? [] : [change],
    head_commit: deleted ? null : change,
  };
}

/** Sends the head of a POST and nothing of its body. */
export function beginRequest(url: string, headers: Record<string, string>) {
  const request = http.request(url, { method: 'POST', agent: false, headers });
  const answered = new Promise<http.IncomingMessage>((resolve) => request.once('response', resolve));
  request.on('error', () => undefined);
  request.flushHeaders();
  return { request, answered };
}
