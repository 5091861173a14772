import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A forwarder on loopback that adds an access token. */
export interface AuthorizedForwarder {
  /** Stands for the MCP endpoint, for clients that cannot carry a token. */
  mcpUrl: string;
  close(): Promise<void>;
}

/**
 * Forwards to the MCP endpoint with the access token added. Everything else passes as it came, both ways, unbuffered: what is
 * judged at the other end are the services, not this. Only where a caller names the forwarder itself, in `Host` or `Origin`, it
 * is given the name of what it stands for; a foreign name stays foreign.
 */
export async function startAuthorizedForwarder(mcpUrl: string, accessToken: string): Promise<AuthorizedForwarder> {
  const target = new URL(mcpUrl);
  const server = createServer((request, response) => forward(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const ownHost = new RegExp(`^(?:127\\.0\\.0\\.1|localhost):${port}$`, 'i');
  const ownOrigin = new RegExp(`^http://(?:127\\.0\\.0\\.1|localhost):${port}$`, 'i');

  function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const headers: string[] = ['Authorization', `Bearer ${accessToken}`];
    for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
      const name = incoming.rawHeaders[index] ?? '';
      const value = incoming.rawHeaders[index + 1] ?? '';
      if (/^host$/i.test(name)) headers.push(name, ownHost.test(value) ? target.host : value);
      else if (/^origin$/i.test(name)) headers.push(name, ownOrigin.test(value) ? target.origin : value);
      else if (!/^authorization$/i.test(name)) headers.push(name, value);
    }
    const { method, url } = incoming;
    const onward = httpRequest({ host: target.hostname, port: target.port, path: url, method, headers, agent: false });
    onward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  }

  return {
    mcpUrl: `http://127.0.0.1:${port}${target.pathname}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
