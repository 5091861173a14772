import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call as it came. */
export interface ReceivedCall {
  method: string;
  path: string;
  headers: http.IncomingHttpHeaders;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever came.
  json: any;
}

/** What a fake answers; `hang` never answers. */
export type FakeAnswer = { status: number; headers?: Record<string, string>; body?: unknown } | 'hang';

/** An HTTP server on loopback that stands for somebody else's. */
export interface FakeEndpoint {
  url: string;
  calls: ReceivedCall[];
  /** Decides what the next calls are answered. */
  answer: (call: ReceivedCall) => FakeAnswer;
  close(): Promise<void>;
}

export async function fakeEndpoint(answer: (call: ReceivedCall) => FakeAnswer): Promise<FakeEndpoint> {
  const server = http.createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      // Some calls are not JSON, which the test sees.
    }
    const call = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, text, json };
    fake.calls.push(call);
    const answered = fake.answer(call);
    if (answered === 'hang') return;
    const body = typeof answered.body === 'string' ? answered.body : JSON.stringify(answered.body ?? '');
    response.writeHead(answered.status, { 'content-type': 'application/json', ...answered.headers }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeEndpoint = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: [],
    answer,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

export const ZONE = '023e105f4ecef8ad9ca31a8372d0c353';
export const CLOUDFLARE_TOKEN = 'Sn3lZJTBX6kkg7OdcBUAxOO963GEIyGQqnFTOFYY';

/** Cloudflare's purge_cache as its API reference and its answers have it. */
export function cloudflareAnswer({ method, path, headers, json }: ReceivedCall): FakeAnswer {
  const refuse = (status: number, code: number, message: string) => ({
    status,
    body: { success: false, errors: [{ code, message }], messages: [], result: null },
  });
  if (headers.authorization !== `Bearer ${CLOUDFLARE_TOKEN}`) return refuse(403, 10000, 'Authentication error');
  if (method !== 'POST' || path !== `/client/v4/zones/${ZONE}/purge_cache`) return refuse(404, 7003, 'No route');
  const { purge_everything, files, ...rest } = json ?? {};
  const one = purge_everything === true ? files === undefined : Array.isArray(files) && files.length > 0;
  if (!one || Object.keys(rest).length > 0) {
    return refuse(400, 1012, 'Request must contain one of "purge_everything", "files", "tags", "hosts" or "prefixes"');
  }
  if (files?.length > 30) return refuse(400, 1094, 'You may only purge up to 30 files at a time');
  if (files?.some((file: unknown) => typeof file !== 'string' || !URL.canParse(file))) {
    return refuse(400, 1016, 'Unable to purge: not a URL');
  }
  return { status: 200, body: { success: true, errors: [], messages: [], result: { id: ZONE } } };
}
