import http from 'node:http';
import https from 'node:https';

/** Makes one POST on kept-alive connections and gives the status of its answer. */
export type Post = (headers: Record<string, string>) => Promise<number>;

/** POSTs `body` to one URL on so many connections; `ca` is the one certificate that an https server may show. */
export function createPost(
  url: string,
  body: string,
  { ca, connections = 64 }: { ca?: string; connections?: number } = {},
): { post: Post; close: () => void } {
  const secure = url.startsWith('https:');
  const agent = secure
    ? new https.Agent({ keepAlive: true, maxSockets: connections, ...(ca ? { ca } : {}) })
    : new http.Agent({ keepAlive: true, maxSockets: connections });
  const request = secure ? https.request : http.request;
  const post: Post = (headers) =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        url,
        {
          method: 'POST',
          agent,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
        },
        (answer) => {
          answer.resume();
          answer.on('end', () => resolve(answer.statusCode ?? 0));
          answer.on('error', reject);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  return { post, close: () => agent.destroy() };
}

/** The longest delay of a service's event loop since its metrics were read last, in milliseconds. */
export async function longestDelay(origin: string, ca?: string): Promise<number> {
  const text = await new Promise<string>((resolve, reject) => {
    (origin.startsWith('https:') ? https : http)
      .get(`${origin}/metrics`, ca ? { ca } : {}, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve(body));
      })
      .on('error', reject);
  });
  const value = /^nodejs_eventloop_lag_max_seconds(?:\{[^}]*\})? ([\d.e+-]+)$/m.exec(text)?.[1];
  if (value === undefined) throw new Error(`${origin}/metrics names no event loop lag`);
  // The histogram samples every 10 ms and counts that interval as part of each delay.
  return Math.max(0, Number(value) * 1000 - 10);
}
