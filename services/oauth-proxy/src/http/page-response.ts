import type { ServerResponse } from 'node:http';
import { STYLE_SOURCE } from '../pages/layout.ts';

/**
 * Sends a page that nothing may frame, cache or script. `formTargets` are the origins that a form may lead to:
 * Chromium applies `form-action` to the whole chain of redirects after the form, so the client's validated redirect
 * origin must be named, or Approve would do nothing.
 */
export function sendPage(
  response: ServerResponse,
  status: number,
  page: string,
  formTargets: readonly string[] = [],
): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  for (const [name, value] of Object.entries(pageHeaders(formTargets))) response.setHeader(name, value);
  response.end(page);
}

/** The headers of every page. */
export function pageHeaders(formTargets: readonly string[] = []): Record<string, string> {
  return {
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': [
      "default-src 'none'",
      `style-src ${STYLE_SOURCE}`,
      `form-action ${["'self'", ...formTargets].join(' ')}`,
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  };
}

/** The CSP source of a redirect URI: its origin, or its scheme where there is no origin. */
export function formTarget(redirectUri: string): string {
  const { origin, protocol } = new URL(redirectUri);
  return origin === 'null' ? protocol : origin;
}
