import http from 'node:http';
import https from 'node:https';
import { ArleoError } from '@arleo/core/errors';

/** How long a hop may take for its whole answer, in milliseconds: a call reads the whole site once after a start. */
const ANSWER_MS = 15_000;
/** As much of an answer as is read, in bytes. */
const MAX_BYTES = 1024 * 1024;

/** What a hop said. */
export interface Said {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
}

/** One request and its whole answer. Rejects with what was in the way, within 15 s. */
export function ask(url: URL, options: https.RequestOptions = {}, body?: string): Promise<Said> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? https : http).request(url, options, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_BYTES) request.destroy(new ArleoError('self_test_failed', 'The answer does not end.'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    const timer = setTimeout(() => {
      request.destroy(new ArleoError('self_test_failed', `There was no answer within ${ANSWER_MS / 1000} s.`));
    }, ANSWER_MS);
    request.on('error', reject).on('close', () => clearTimeout(timer));
    request.end(body);
  });
}
