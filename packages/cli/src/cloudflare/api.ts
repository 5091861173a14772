import { ArleoError } from '@arleo/core/errors';
import { got, type RequestError } from 'got';
import * as z from 'zod';
import { printable } from '../terminal/printable.ts';

/** Milliseconds that one call may take. */
const timeoutMs = 15_000;

/** Every answer of the API is of this kind. */
const envelope = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.number().optional(), message: z.string().optional() })).nullish(),
  result: z.unknown(),
});

/** What Cloudflare answered. */
export interface CloudflareAnswer {
  status: number;
  /** Undefined unless it was a success. */
  result: unknown;
  /** Its own words for what is wrong. */
  problem: string;
}

/** Cloudflare's API, for one zone. */
export interface CloudflareZone {
  /** @throws {@link ArleoError} `cloudflare_unreachable` */
  call(method: 'GET' | 'POST' | 'PUT' | 'PATCH', path: string, body?: object): Promise<CloudflareAnswer>;
}

/**
 * Opens the API. Redirects are not followed and nothing is tried twice: the token is for this address alone.
 *
 * @see [Making API calls](https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/)
 */
export function openZone(api: string, zone: string, token: string): CloudflareZone {
  return {
    async call(method, path, body) {
      const request = got(`${api.replace(/\/*$/, '')}/zones/${zone}/${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'user-agent': 'arleo' },
        ...(body === undefined ? {} : { json: body }),
        followRedirect: false,
        retry: { limit: 0 },
        throwHttpErrors: false,
        timeout: { request: timeoutMs },
      });
      const { statusCode: status, body: text } = await request.catch((cause: Partial<RequestError>) => {
        throw new ArleoError(
          'cloudflare_unreachable',
          `Cloudflare's API cannot be reached (${cause.code ?? 'error'}).`,
          {
            cause,
            hint: 'Nothing was changed by this call. Run it where there is a way to the internet.',
          },
        );
      });
      const parsed = envelope.safeParse(parse(text));
      const errors = parsed.data?.errors ?? [];
      const said = errors.map(({ code, message }) => [code, message].filter(Boolean).join(' ')).join('; ');
      const problem = printable(said || `an answer of status ${status}`);
      return { status, result: status < 300 && parsed.data?.success ? parsed.data.result : undefined, problem };
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
