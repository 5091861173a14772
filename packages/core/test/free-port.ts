import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A port of loopback that is free, and that nobody gets meanwhile who does not name it: from below those that Linux hands out
 * to whoever listens or connects without naming one (`ip_local_port_range`, ip(7)).
 *
 * @throws Error when none can be had for another reason than that it is in use
 */
export async function freePort(): Promise<number> {
  for (;;) {
    // From above the last one there that browsers and `fetch` refuse (10080; Fetch Standard, 2.9 Port blocking).
    const port = randomInt(10_081, 32_768);
    const server = createServer().listen({ host: '127.0.0.1', port, exclusive: true });
    try {
      await once(server, 'listening');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue;
      throw error;
    }
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
