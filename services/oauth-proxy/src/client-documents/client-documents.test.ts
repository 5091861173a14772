import { ArleoError } from '@arleo/core/errors';
import type { Log } from '@arleo/runtime/logging/log';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import { type ClientDocuments, createClientDocuments, MAX_STALE_SECONDS, RETRY_SECONDS } from './client-documents.ts';
import type { FetchedDocument } from './fetch-document.ts';

describe('the documents of clients', () => {
  const id = 'https://app.example/client.json';
  const claude = 'https://claude.ai/oauth/mcp-oauth-client-metadata';
  const address = '203.0.113.1';
  const seconds = 1_000;

  /** What its host serves, a text or an error; each fetch is counted. */
  let served: Map<string, FetchedDocument | Error | Promise<FetchedDocument>>;
  let fetched: string[];
  let stored: Map<string, { payload: AdapterPayload; expires: number }>;
  let time: number;
  let admitted: boolean;
  let warned: unknown[];
  let documents: ClientDocuments;

  const open = (): ClientDocuments =>
    createClientDocuments({
      async fetch({ href }) {
        fetched.push(href);
        const answer = await served.get(href);
        if (answer === undefined || answer instanceof Error)
          throw answer ?? new ArleoError('client_document_status', '404');
        return answer;
      },
      admission: { admit: () => (admitted ? () => undefined : undefined) },
      store: {
        async find(key: string) {
          const entry = stored.get(key);
          return entry && entry.expires > time ? entry.payload : undefined;
        },
        async upsert(key: string, payload: AdapterPayload, expiresIn: number) {
          stored.set(key, { payload, expires: time + expiresIn * seconds });
        },
      } as unknown as Adapter,
      log: { warn: (...parts: unknown[]) => warned.push(parts) } as unknown as Log,
      now: () => time,
    });
  const serve = (name: string, cacheSeconds = 600, of = id) => {
    const document = { client_id: of, client_name: name, redirect_uris: ['http://127.0.0.1/cb'] };
    served.set(of, { text: JSON.stringify(document), cacheSeconds });
  };
  const down = new ArleoError('client_document_unreachable', 'cannot be fetched');
  const nameOf = async (of = id) => (await documents.find(of, address)).name;

  beforeEach(() => {
    served = new Map();
    fetched = [];
    stored = new Map();
    time = 1_000_000;
    admitted = true;
    warned = [];
    documents = open();
  });

  it('are fetched once while they are fresh, and again afterwards', async () => {
    serve('first');
    expect([await nameOf(), await nameOf()]).toEqual(['first', 'first']);
    serve('second');
    time += 599 * seconds;
    expect(await nameOf()).toBe('first');
    time += 1 * seconds;
    expect(await nameOf()).toBe('second');
    expect(fetched).toHaveLength(2);
  });

  it('are fetched once for all who ask at the same time', async () => {
    serve('one');
    await Promise.all(Array.from({ length: 20 }, () => nameOf()));
    expect(fetched).toHaveLength(1);
  });

  it('are used as they were when they cannot be had, and asked for again after a while only', async () => {
    serve('good');
    await nameOf();
    time += 600 * seconds;
    for (const bad of [down, { text: '<html>', cacheSeconds: 600 }]) {
      served.set(id, bad);
      expect([await nameOf(), await nameOf()]).toEqual(['good', 'good']);
      time += RETRY_SECONDS * seconds;
    }
    expect(fetched).toHaveLength(3);
    expect(warned).toHaveLength(2);
    serve('mended');
    expect(await nameOf()).toBe('mended');
  });

  it('that were never good fail, without being asked for again at once', async () => {
    served.set(id, down);
    for (let n = 0; n < 3; n += 1) await expect(nameOf()).rejects.toBe(down);
    expect(fetched).toHaveLength(1);
    serve('mended');
    time += RETRY_SECONDS * seconds;
    expect(await nameOf()).toBe('mended');
  });

  it('are not used for ever when they cannot be had', async () => {
    serve('old');
    await nameOf();
    served.set(id, down);
    time += MAX_STALE_SECONDS * seconds;
    await expect(nameOf()).rejects.toBe(down);
  });

  it.each([
    ['HTML', { text: '<!doctype html>', cacheSeconds: 600 }],
    ['a redirect', new ArleoError('client_document_status', 'redirected')],
    [
      'another client’s',
      { text: '{"client_id":"https://evil.example/c","redirect_uris":["http://127.0.0.1/"]}', cacheSeconds: 600 },
    ],
  ])('of Claude are known by heart, for when there is %s [R-CLIENT-PINNED]', async (_what, answer) => {
    served.set(claude, answer);
    expect(await documents.find(claude, address)).toMatchObject({
      redirectUris: ['https://claude.ai/api/mcp/auth_callback', 'https://claude.com/api/mcp/auth_callback'],
    });
    admitted = false;
    time += RETRY_SECONDS * seconds;
    expect(await nameOf(claude)).toBe('Claude');
    expect(await nameOf('https://claude.ai/oauth/claude-code-client-metadata')).toBe('Claude Code');
  });

  it('of Claude are what its host says when it says something', async () => {
    serve('Claude of tomorrow', 600, claude);
    expect(await nameOf(claude)).toBe('Claude of tomorrow');
  });

  it('are fetched no faster than that is admitted', async () => {
    serve('good');
    await nameOf();
    admitted = false;
    time += 600 * seconds;
    expect(await nameOf()).toBe('good');
    await expect(nameOf('https://other.example/c')).rejects.toMatchObject({ code: 'client_document_limit' });
    expect(fetched).toHaveLength(1);
    admitted = true;
    serve('other', 600, 'https://other.example/c');
    expect(await nameOf('https://other.example/c')).toBe('other');
  });

  it('fetch nothing for an id that is no proper address', async () => {
    await expect(nameOf('https://127.0.0.1/c')).rejects.toMatchObject({ code: 'client_document_url' });
    expect(fetched).toEqual([]);
  });

  it('of connected clients outlive a restart, and are not even fetched while they are fresh', async () => {
    serve('kept');
    await documents.keep(id);
    documents = open();
    expect(await nameOf()).toBe('kept');
    expect(fetched).toHaveLength(1);
    served.set(id, down);
    time += 600 * seconds;
    expect(await nameOf()).toBe('kept');
    documents = open();
    expect(await nameOf()).toBe('kept');
  });

  it('of connected clients are kept as they change, for as long as their connection may rest', async () => {
    serve('first');
    await documents.keep(id);
    time += 30 * 24 * 3600 * seconds;
    serve('second');
    await nameOf();
    served.set(id, down);
    time += 59 * 24 * 3600 * seconds;
    documents = open();
    expect(await nameOf()).toBe('second');
    time += 2 * 24 * 3600 * seconds;
    documents = open();
    await expect(nameOf()).rejects.toBe(down);
  });

  it('of connected clients are kept from the first good one on, when it was not good as they connected', async () => {
    served.set(claude, down);
    await documents.keep(claude);
    expect(stored.get(claude)?.payload.client_name).toBe('Claude');
    time += RETRY_SECONDS * seconds;
    serve('Claude of tomorrow', 600, claude);
    await nameOf(claude);
    expect(stored.get(claude)?.payload.client_name).toBe('Claude of tomorrow');
  });

  it('of clients that nobody approved are stored nowhere', async () => {
    serve('x');
    await nameOf();
    time += 600 * seconds;
    await nameOf();
    expect(stored.size).toBe(0);
  });

  it('of a flood push no connected client’s away', async () => {
    serve('kept', 86_400);
    await documents.keep(id);
    for (let n = 0; n < 600; n += 1) {
      const other = `https://app-${n}.example/c`;
      serve('x', 86_400, other);
      await nameOf(other);
    }
    served.set(id, down);
    expect(await nameOf()).toBe('kept');
  });
});
