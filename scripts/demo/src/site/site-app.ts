import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';

const NOTHING_PUBLISHED = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Not published yet</title>
<body style="font:1.1rem/1.5 system-ui;margin:4rem auto;max-width:32rem;padding:0 1rem">
<h1>Nothing is published yet</h1><p>The first build is still running, or it failed: see the log of hugo-mcp-server.</p>`;

const NOT_FOUND = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Not found</title>
<body style="font:1.1rem/1.5 system-ui;margin:4rem auto;max-width:32rem;padding:0 1rem">
<h1>Not found</h1><p>There is no such page. <a href="/">Home</a></p>`;

/**
 * Serves the release that a symlink points to. The link is resolved once per request: a release that goes live meanwhile is
 * seen by the next request, and no answer mixes two. Nothing is cached. Only GET and HEAD; no dotfiles but `.well-known`.
 */
export function siteApp(publicLink: string): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  let live: { release: string; handler: RequestHandler } | undefined;

  app.use(async (req, res, next) => {
    res.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.status(405).set('Allow', 'GET, HEAD').type('text').send('Method not allowed\n');
      return;
    }
    const release = await realpath(publicLink).catch(() => undefined);
    if (release === undefined) {
      res.status(503).set('Retry-After', '1').type('html').send(NOTHING_PUBLISHED);
      return;
    }
    if (live?.release !== release) live = { release, handler: staticHandler(release) };
    // A leading double slash would be taken for a host name.
    req.url = req.url.replace(/^\/+/, '/');
    const { handler } = live;
    handler(req, res, (error?: unknown) => {
      if (error) next(error);
      else notFound(release, req, res).catch(next);
    });
  });

  app.use((error: { status?: number }, _req: Request, res: Response, next: express.NextFunction) => {
    if (res.headersSent) {
      next(error);
      return;
    }
    const status = error.status !== undefined && error.status < 500 ? error.status : 500;
    res
      .status(status)
      .type('text')
      .send(status === 500 ? 'Something went wrong\n' : 'Bad request\n');
  });
  return app;
}

function staticHandler(release: string): RequestHandler {
  const serve = express.static(release, { dotfiles: 'ignore', etag: false, lastModified: false, cacheControl: false });
  const wellKnown = express.static(path.join(release, '.well-known'), {
    dotfiles: 'ignore',
    etag: false,
    lastModified: false,
    cacheControl: false,
    redirect: false,
  });
  const router = express.Router();
  router.use('/.well-known', wellKnown);
  router.use(serve);
  return router;
}

/** The site's own 404 page: that of the language the address begins with, else the root's. */
async function notFound(release: string, req: Request, res: Response): Promise<void> {
  const language = /^\/([a-z]{2,3}(?:-[a-z]{2,4})?)\//.exec(req.path)?.[1];
  const candidates = [...(language ? [`${language}/404.html`] : []), '404.html'];
  for (const candidate of candidates) {
    const page = await readFile(path.join(release, candidate)).catch(() => undefined);
    if (page !== undefined) {
      res.status(404).type('html').send(page);
      return;
    }
  }
  res.status(404).type('html').send(NOT_FOUND);
}
