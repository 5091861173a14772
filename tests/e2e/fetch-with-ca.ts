import https from 'node:https';
import { Readable } from 'node:stream';

/** A fetch that trusts one certificate more, which the global one can only from the start of a process on. */
export function fetchWithCa(ca: string, seen: (response: Response) => void = () => {}): typeof globalThis.fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const body = Buffer.from(await request.arrayBuffer());
    const response = await new Promise<Response>((resolve, reject) => {
      const { method, url, signal } = request;
      const sent = https.request(
        url,
        { method, headers: Object.fromEntries(request.headers), ca, signal },
        (answer) => {
          const headers = Object.entries(answer.headers).map(([name, value]): [string, string] => [
            name,
            String(value),
          ]);
          const status = answer.statusCode ?? 0;
          const empty = status === 204 || status === 202 || status === 304;
          if (empty) answer.resume();
          resolve(new Response(empty ? null : (Readable.toWeb(answer) as ReadableStream), { status, headers }));
        },
      );
      sent.on('error', reject).end(body);
    });
    seen(response);
    return response;
  };
}
