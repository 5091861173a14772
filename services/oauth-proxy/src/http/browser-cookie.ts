import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A browser, told apart from others by a cookie. */
export interface BrowserIdentity {
  /** Random; the forms that the browser is shown are bound to it. */
  id: string;
  /** What it has to show that the owner has logged in with it before; looked at by {@link BrowserCookie.knows}. */
  seal?: string | undefined;
}

/** Gives browsers an identity of their own. */
export interface BrowserCookie {
  /** The browser's identity, if it sent one. */
  read(request: IncomingMessage): BrowserIdentity | undefined;
  /** The browser's identity; a new one, sent with the response, if it has none. */
  identify(request: IncomingMessage, response: ServerResponse): BrowserIdentity;
  /** True if the owner has logged in with this browser before, with the credentials that count now: by their version. */
  knows(browser: BrowserIdentity, version: string): boolean;
  /** Marks the browser as one with which the owner has logged in, until the credentials change. */
  makeKnown(response: ServerResponse, browser: BrowserIdentity, version: string): void;
}

/** Seconds that a known browser stays known at most: browsers keep no cookie for longer than 400 days. */
const knownSeconds = 400 * 24 * 60 * 60;

const form = /^([\w-]{22})(?:\.([\w-]{43}))?$/;

/**
 * The cookie `__Host-arleo_browser`: only this very host can have set it, over https, so that no site beside this one
 * (`evil.example.org`) can plant one of its own. It is no login; a known browser is only allowed guesses of its own.
 *
 * @param key signs that a browser is known
 * @param secure false only on loopback over http, where browsers refuse the prefix
 */
export function createBrowserCookie(key: Buffer, secure: boolean): BrowserCookie {
  const name = secure ? '__Host-arleo_browser' : 'arleo_browser';
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  // The id has a fixed length, so that no two pairs are the same text.
  const sealFor = (id: string, version: string): string =>
    createHmac('sha256', key).update(`${id} ${version}`).digest('base64url');

  const read = (request: IncomingMessage): BrowserIdentity | undefined => {
    const [, id, seal] = form.exec(cookieOf(request, name) ?? '') ?? [];
    return id === undefined ? undefined : { id, ...(seal && { seal }) };
  };
  return {
    read,
    identify(request, response) {
      const browser = read(request);
      if (browser) return browser;
      const id = randomBytes(16).toString('base64url');
      response.appendHeader('Set-Cookie', `${name}=${id}; ${attributes}`);
      return { id };
    },
    knows({ id, seal }, version) {
      const [given, expected] = [Buffer.from(seal ?? ''), Buffer.from(sealFor(id, version))];
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
    makeKnown(response, { id }, version) {
      const value = `${id}.${sealFor(id, version)}`;
      response.appendHeader('Set-Cookie', `${name}=${value}; ${attributes}; Max-Age=${knownSeconds}`);
    },
  };
}

/** The first cookie of that name: browsers send the one with the longest path first. */
function cookieOf(request: IncomingMessage, name: string): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const separator = pair.indexOf('=');
    if (pair.slice(0, separator).trim() === name) return pair.slice(separator + 1).trim();
  }
  return undefined;
}
