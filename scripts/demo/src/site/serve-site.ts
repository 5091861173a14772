/**
 * The static server of the demo: `PUBLIC_LINK` (the symlink to the live release) on `HOST`:`PORT`. A real host lets nginx
 * do this.
 */
import { createServer } from 'node:http';
import { siteApp } from './site-app.ts';

const { PUBLIC_LINK, HOST = '127.0.0.1', PORT } = process.env;
if (!PUBLIC_LINK || !PORT) {
  process.stderr.write('PUBLIC_LINK and PORT must be set\n');
  process.exit(78);
}

const server = createServer(siteApp(PUBLIC_LINK));
server.listen(Number(PORT), HOST, () => {
  process.stdout.write(`${JSON.stringify({ message: 'ready', service: 'site', url: `http://${HOST}:${PORT}/` })}\n`);
});
server.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 1000).unref();
  });
}
