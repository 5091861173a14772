import { createHmac, timingSafeEqual } from 'node:crypto';

/** What became of a delivery's signature; `secret` counts from 0, the newest. */
export type SignatureVerdict =
  | { valid: true; secret: number }
  | { valid: false; why: 'signature_missing' | 'signature_malformed' | 'signature_wrong' };

/**
 * Checks GitHub's `X-Hub-Signature-256`: `sha256=` and the HMAC-SHA256 of the body's bytes as they came, in lower-case
 * hex. Every secret is tried, each compared in constant time.
 *
 * @see [Validating webhook deliveries](https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries)
 */
export function checkSignature(
  body: Uint8Array,
  header: string | string[] | undefined,
  secrets: readonly string[],
): SignatureVerdict {
  if (header === undefined || header === '') return { valid: false, why: 'signature_missing' };
  const hex = typeof header === 'string' ? /^sha256=([0-9a-f]{64})$/.exec(header)?.[1] : undefined;
  if (hex === undefined) return { valid: false, why: 'signature_malformed' };
  const presented = Buffer.from(hex, 'hex');
  let fits: number | undefined;
  for (const [i, secret] of secrets.entries()) {
    const right = timingSafeEqual(createHmac('sha256', secret).update(body).digest(), presented);
    if (right && fits === undefined) fits = i;
  }
  return fits === undefined ? { valid: false, why: 'signature_wrong' } : { valid: true, secret: fits };
}
