import { isArleoError } from '@arleo/core/errors';
import { type DocumentNetwork, fetchDocument, MAX_DOCUMENT_BYTES } from '../src/client-documents/fetch-document.ts';
import { type DocumentHost, openDocumentHost } from './document-host.ts';

describe('fetching a document', () => {
  const id = 'https://app.example/oauth/client.json?v=1';
  let host: DocumentHost;
  beforeEach(async () => {
    host = await openDocumentHost();
  });
  afterEach(() => host.close());

  const get = (url = id, network: Partial<DocumentNetwork> = {}) =>
    fetchDocument(new URL(url), { ...host.network, ...network });
  /** The code of the error that fetching ends with, and what is underneath. */
  const failure = async (url = id, network: Partial<DocumentNetwork> = {}) => {
    try {
      await get(url, network);
    } catch (error) {
      if (isArleoError(error)) return { code: error.code, cause: String((error.cause as Error | undefined)?.message) };
      throw error;
    }
    throw new Error('nothing failed');
  };
  const redirect = (from: string, to: string, status = 302) =>
    host.answers.set(from, (_request, response) => response.writeHead(status, { Location: to }).end());

  it('asks the host by its name, over TLS for that name, at the address that was checked', async () => {
    host.serve(id, {}, { 'Cache-Control': 'public, max-age=7200' });
    const { text, cacheSeconds } = await get();
    expect(JSON.parse(text).client_id).toBe(id);
    expect(cacheSeconds).toBe(7200);
    expect(host.seen).toEqual([
      { url: id, servername: 'app.example', headers: expect.objectContaining({ accept: 'application/json' }) },
    ]);
    expect(host.seen[0]?.headers).not.toHaveProperty('authorization');
    expect(host.resolved).toEqual(['app.example']);
  });

  it.each([
    ['a private one', [['192.168.122.69']]],
    ['loopback', [['127.0.0.2']]],
    ['the metadata service of a cloud', [['169.254.169.254']]],
    ['a private one among public ones', [['127.0.0.1', '10.0.0.1']]],
    ['a private one of IPv6 among public ones', [['127.0.0.1', 'fd00::1']]],
    ['an IPv4 address inside of IPv6', [['::ffff:127.0.0.1']]],
    ['NAT64', [['64:ff9b::7f00:1']]],
    ['none', [[]]],
  ])('connects nowhere when an address of the host is %s', async (_what, addresses) => {
    host.addresses.set('app.example', addresses);
    host.serve(id);
    expect((await failure()).code).toBe('client_document_unreachable');
    expect(host.connections).toBe(0);
  });

  it('looks a name up once for a connection: an answer that changes afterwards leads nowhere', async () => {
    host.addresses.set('app.example', [['127.0.0.1'], ['127.0.0.2']]);
    host.serve(id);
    await get();
    expect(host.resolved).toHaveLength(1);
    expect((await failure()).cause).toContain('127.0.0.2');
    expect(host.connections).toBe(1);
  });

  it('looks at the addresses anew for a redirect', async () => {
    host.addresses.set('app.example', [['127.0.0.1'], ['10.0.0.1']]);
    redirect(id, 'https://app.example/moved.json');
    host.serve('https://app.example/moved.json');
    expect((await failure()).code).toBe('client_document_unreachable');
    expect(host.seen).toHaveLength(1);
  });

  it.each([301, 302, 303, 307, 308])('follows one redirect (%d) on the same host', async (status) => {
    redirect(id, '/moved.json', status);
    host.serve('https://app.example/moved.json');
    expect((await get()).text).toContain('moved.json');
  });

  it('follows no second redirect', async () => {
    redirect(id, '/one.json');
    redirect('https://app.example/one.json', '/two.json');
    host.serve('https://app.example/two.json');
    expect((await failure()).code).toBe('client_document_status');
    expect(host.seen).toHaveLength(2);
  });

  it.each([
    ['another host', 'https://other.example/client.json'],
    ['another port', 'https://app.example:8443/client.json'],
    ['http', 'http://app.example/client.json'],
    ['an address', 'https://127.0.0.1/client.json'],
    ['an address of IPv6', 'https://[::1]/client.json'],
    ['a file', 'file:///etc/passwd'],
    ['a user in front of the host', 'https://user@app.example/client.json'],
    ['another host by two slashes', '//other.example/client.json'],
    ['nowhere', 'https://'],
  ])('follows no redirect to %s', async (_what, to) => {
    redirect(id, to);
    host.serve(to);
    expect((await failure()).code).toBe('client_document_status');
    expect(host.resolved).toEqual(['app.example']);
    expect(host.seen).toHaveLength(1);
  });

  it.each([204, 206, 304, 400, 401, 404, 500, 503])('takes nothing with status %d', async (status) => {
    host.answers.set(id, (_request, response) => {
      response
        .writeHead(status, { 'Content-Type': 'application/json' })
        .end(status === 204 || status === 304 ? '' : '{}');
    });
    expect((await failure()).code).toBe('client_document_status');
  });

  it.each([
    ['HTML', { 'Content-Type': 'text/html; charset=utf-8' }],
    ['text', { 'Content-Type': 'text/plain' }],
    ['nothing', { 'Content-Type': '' }],
    ['something that only begins like JSON', { 'Content-Type': 'application/jsonp' }],
    ['compressed', { 'Content-Encoding': 'gzip' }],
  ])('takes nothing that is sent as %s', async (_what, headers: Record<string, string>) => {
    host.serve(id, {}, headers);
    expect((await failure()).code).toBe('client_document_invalid');
  });

  it.each(['application/json; charset=utf-8', 'Application/JSON', 'application/client-id-metadata+json'])(
    'takes %s',
    async (type) => {
      host.serve(id, {}, { 'Content-Type': type });
      expect((await get()).text).toContain(id);
    },
  );

  it('takes 10 KiB and not a byte more, stated or not', async () => {
    const send = (bytes: number, stated: boolean) =>
      host.answers.set(id, (_request, response) => {
        response.setHeader('Content-Type', 'application/json');
        if (stated) response.setHeader('Content-Length', bytes);
        response.write(' '.repeat(bytes - 1));
        response.end('x');
      });
    for (const stated of [true, false]) {
      send(MAX_DOCUMENT_BYTES, stated);
      expect((await get()).text).toHaveLength(MAX_DOCUMENT_BYTES);
      send(MAX_DOCUMENT_BYTES + 1, stated);
      expect((await failure()).code).toBe('client_document_too_large');
    }
  });

  it('hangs up on a document without an end', async () => {
    const closed = new Promise<void>((resolve) => {
      host.answers.set(id, (_request, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        const more = (): void => {
          while (!response.destroyed && response.write(' '.repeat(1024)));
        };
        response.on('drain', more).on('close', resolve);
        more();
      });
    });
    expect((await failure()).code).toBe('client_document_too_large');
    await closed;
  });

  it.each([
    ['never answers', () => {}],
    [
      'never ends its answer',
      (_request: unknown, response: { writeHead: (...parts: unknown[]) => { write(text: string): void } }) => {
        response.writeHead(200, { 'Content-Type': 'application/json' }).write('{');
      },
    ],
  ])('gives up on a server that %s', async (_what, answer) => {
    host.answers.set(id, answer as never);
    expect(await failure(id, { maxMs: 300 })).toMatchObject({
      code: 'client_document_unreachable',
      cause: 'took longer than 300 ms',
    });
  });

  it('gives up on name servers that never answer', async () => {
    const resolve: DocumentNetwork['resolve'] = (_host, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    expect((await failure(id, { resolve, maxMs: 300 })).cause).toBe('took longer than 300 ms');
  });

  it('has one limit of time for both requests of a redirect', async () => {
    const late = (answer: () => void) => setTimeout(answer, 200);
    host.answers.set(id, (_request, response) => {
      late(() => response.writeHead(302, { Location: '/moved.json' }).end());
    });
    host.answers.set('https://app.example/moved.json', (_request, response) => {
      late(() => response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}'));
    });
    expect((await failure(id, { maxMs: 300 })).cause).toBe('took longer than 300 ms');
  });

  it('trusts no certificate for another name, and none of an authority that it does not know', async () => {
    const foreign = 'https://not-in-the-certificate.example/client.json';
    host.serve(foreign);
    host.serve(id);
    expect((await failure(foreign)).code).toBe('client_document_unreachable');
    const { ca: _ca, ...unknown } = host.network;
    await expect(fetchDocument(new URL(id), unknown)).rejects.toMatchObject({ code: 'client_document_unreachable' });
    expect(host.seen).toEqual([]);
  });

  it('tells nothing of the network here to whoever asked', async () => {
    host.addresses.set('app.example', [['10.1.2.3']]);
    const closed = { ...host.network, port: 1, resolve: async () => ['127.0.0.1'] };
    for (const network of [host.network, closed]) {
      await expect(fetchDocument(new URL(id), network)).rejects.toThrow(
        'The document cannot be fetched from a public address in time.',
      );
    }
  });
});
