import { spawn } from 'node:child_process';
import net from 'node:net';
import { opened } from './forwarding-hop.ts';

/** A port whose backlog is full: connections are neither accepted nor refused. */
export async function deafPort(): Promise<number> {
  // A process of its own, stopped after listening, so that nothing ever accepts; backlog 1 is filled below.
  const script = `const s=require('node:net').createServer();s.listen({port:0,host:'127.0.0.1',backlog:1},()=>{process.stdout.write(String(s.address().port));process.kill(process.pid,'SIGSTOP')})`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<number>((resolve) => child.stdout.once('data', (data) => resolve(Number(data))));
  const fill = Array.from({ length: 8 }, () => net.connect(port, '127.0.0.1').on('error', () => undefined));
  opened.push({
    close: async () => {
      for (const socket of fill) socket.destroy();
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('close', resolve));
    },
  });
  // At least the backlog is full once two of them are connected.
  await new Promise<void>((resolve) => {
    let connected = 0;
    for (const socket of fill) {
      socket.once('connect', () => {
        connected += 1;
        if (connected === 2) resolve();
      });
    }
  });
  return port;
}
