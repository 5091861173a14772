import { once } from 'node:events';
import { createServer } from 'node:net';
import { ArleoError } from '@arleo/core/errors';
import type { Ports } from '../options.ts';

/**
 * Makes sure that every port can be had on loopback.
 *
 * @throws ArleoError `port_busy` | `port_forbidden` that names the first port that cannot
 */
export async function checkPorts(ports: Ports): Promise<void> {
  for (const [service, port] of Object.entries(ports)) {
    try {
      await tryPort(port);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'EACCES') {
        throw new ArleoError('port_forbidden', `port ${port} (${service}) needs root`, {
          cause,
          hint: 'Take a higher one: --port-base N',
        });
      }
      throw new ArleoError('port_busy', `port ${port} (${service}) is in use on this machine (${code})`, {
        cause,
        hint: `See who has it: ss -ltnp 'sport = :${port}'. Or take other ports: --port-base N`,
      });
    }
  }
}

async function tryPort(port: number): Promise<void> {
  const server = createServer().listen({ host: '127.0.0.1', port, exclusive: true });
  await once(server, 'listening');
  await new Promise((resolve) => server.close(resolve));
}
