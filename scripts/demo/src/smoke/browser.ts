import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type Form, parseForms } from './forms.ts';

/** A page, or the redirect at which the browser was told to stop. */
export interface Page {
  url: string;
  status: number;
  headers: IncomingHttpHeaders;
  html: string;
  forms: Form[];
}

/** What one submission adds to the form. */
export interface Submission {
  /** Values to type, by field name. */
  fill?: Record<string, string>;
  /** The button that is pressed. */
  press?: { name: string; value: string };
  /** Which values of the checkboxes stay ticked; all of them if absent. */
  tick?: (value: string) => boolean;
  /** Headers in place of what a browser would send, for attacks. */
  headers?: Record<string, string>;
}

/** A browser without a screen: cookies, redirects, forms, and the headers by which a server tells its own pages from others'. */
export interface Browser {
  /** Opens an address and follows redirects up to one that `stopAt` names. */
  open(url: string): Promise<Page>;
  submit(page: Page, form: Form, submission?: Submission): Promise<Page>;
  /** Cookies held now, by name. */
  cookies(): ReadonlyMap<string, string>;
}

const MAX_REDIRECTS = 15;

/** @param stopAt true for an address that is not to be opened, such as the client's redirect URI */
export function openBrowser(stopAt: (url: URL) => boolean = () => false): Browser {
  const jar = new Map<string, string>();

  const visit = async (
    method: 'GET' | 'POST',
    target: URL,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Page> => {
    let url = target;
    let [verb, payload, extra] = [method, body, headers];
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      if (stopAt(url)) return { url: url.href, status: 0, headers: {}, html: '', forms: [] };
      const answer = await send(verb, url, { ...cookieHeader(jar), ...navigationHeaders(verb), ...extra }, payload);
      keepCookies(jar, answer.headers['set-cookie'] ?? []);
      const location = answer.headers.location;
      if (answer.status < 300 || answer.status >= 400 || !location) {
        return { url: url.href, forms: parseForms(answer.html), ...answer };
      }
      url = new URL(location, url);
      if (answer.status !== 307 && answer.status !== 308) [verb, payload] = ['GET', undefined];
      extra = {};
    }
    throw new Error(`more than ${MAX_REDIRECTS} redirects, the last to ${url.href}`);
  };

  return {
    open: (url) => visit('GET', new URL(url), {}),
    cookies: () => jar,
    submit: (page, form, submission = {}) => {
      const url = new URL(form.action, page.url);
      const fields = fillIn(form, submission).toString();
      if (form.method === 'get') {
        url.search = fields;
        return visit('GET', url, submission.headers ?? {});
      }
      return visit(
        'POST',
        url,
        {
          'content-type': 'application/x-www-form-urlencoded',
          origin: new URL(page.url).origin,
          'sec-fetch-site': 'same-origin',
          ...submission.headers,
        },
        fields,
      );
    },
  };
}

function fillIn(form: Form, { fill = {}, press, tick }: Submission): URLSearchParams {
  const isCheckbox = (name: string) => form.checkboxes.some((checkbox) => checkbox.name === name);
  const fields = new URLSearchParams();
  for (const [name, value] of form.fields) if (!isCheckbox(name)) fields.append(name, fill[name] ?? value);
  for (const { name, value } of form.checkboxes) if (tick?.(value) ?? true) fields.append(name, value);
  if (press) fields.append(press.name, press.value);
  return fields;
}

function navigationHeaders(method: string): Record<string, string> {
  return {
    accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
    'accept-language': 'en',
    'sec-fetch-dest': 'document',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-site': method === 'GET' ? 'none' : 'same-origin',
    'sec-fetch-user': '?1',
    'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) arleo-smoke',
  };
}

function cookieHeader(jar: Map<string, string>): Record<string, string> {
  return jar.size === 0 ? {} : { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') };
}

function keepCookies(jar: Map<string, string>, lines: string[]): void {
  for (const line of lines) {
    const [, name, value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? [];
    if (name === undefined) continue;
    const expires = /;\s*expires=([^;]+)/i.exec(line)?.[1];
    const gone = /;\s*max-age=0(?:;|$)/i.test(line) || (expires !== undefined && Date.parse(expires) <= Date.now());
    if (gone) jar.delete(name.trim());
    else jar.set(name.trim(), value);
  }
}

// node:http and not fetch: fetch decides some of the headers that matter here by itself.
function send(method: string, url: URL, headers: Record<string, string>, body?: string) {
  return new Promise<{ status: number; headers: IncomingHttpHeaders; html: string }>((resolve, reject) => {
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = open(url, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
    });
    request.setTimeout(30_000, () => request.destroy(new Error(`no answer from ${url.origin} within 30 s`)));
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          html: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    request.end(body);
  });
}
