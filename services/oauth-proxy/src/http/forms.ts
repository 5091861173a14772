import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Makes and checks what the forms carry against cross-site requests. */
export interface FormTokens {
  /** The value of the hidden field `csrf` in the forms of one interaction in one browser. */
  token(interaction: string, browser: string): string;
  /** True if `value` is the token of that interaction in that browser. */
  matches(interaction: string, browser: string, value: unknown): boolean;
}

/** Form tokens under `key`. An attacker knows neither it nor the interaction and the browser, which are bound to cookies. */
export function createFormTokens(key: Buffer): FormTokens {
  const digest = (interaction: string, browser: string): Buffer =>
    createHmac('sha256', key).update(`${interaction} ${browser}`).digest();
  return {
    token: (interaction, browser) => digest(interaction, browser).toString('base64url'),
    matches(interaction, browser, value) {
      if (typeof value !== 'string' || value.length > 100) return false;
      const given = Buffer.from(value, 'base64url');
      const expected = digest(interaction, browser);
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}

/**
 * True if the browser says that another site sent this form (Fetch Metadata, Origin). Programs send neither header.
 *
 * @see [Fetch Metadata](https://www.w3.org/TR/fetch-metadata/)
 */
export function isForeignForm(request: IncomingMessage, issuer: string): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers;
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  // Referrer-Policy: no-referrer makes some browsers send `null` for a form of our own; the token still has to match.
  return origin !== undefined && origin !== issuer && origin !== 'null';
}
