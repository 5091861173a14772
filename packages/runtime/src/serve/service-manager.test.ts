import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openServiceManager } from './service-manager.ts';

let folder: string;
/** In the place of systemd's program: notes what it was told and where to. */
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-notify-'));
  const program = path.join(folder, 'systemd-notify');
  await writeFile(program, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >>"${folder}/told"\n`);
  await chmod(program, 0o755);
});
// A watchdog that is fed once more writes there meanwhile.
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));

const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: `${folder}:/usr/bin:/bin`,
  NOTIFY_SOCKET: '/run/notify',
  ...more,
});

/** What was told, once it is that many lines. */
async function told(lines: number): Promise<string[]> {
  for (;;) {
    const text = await readFile(path.join(folder, 'told'), 'utf8').catch(() => '');
    if (text.split('\n').length > lines) return text.trim().split('\n');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('tells systemd that the service is ready, that it is alive, and that it stops', async () => {
  const manager = openServiceManager(environment({ WATCHDOG_USEC: '40000', WATCHDOG_PID: String(process.pid) }));
  manager.ready();
  expect(new Set(await told(3))).toEqual(new Set(['/run/notify READY=1', '/run/notify WATCHDOG=1']));
  manager.stopping();
  while (!(await told(1)).includes('/run/notify STOPPING=1'));
});

test('a watchdog of another process is not fed', async () => {
  const manager = openServiceManager(environment({ WATCHDOG_USEC: '2000', WATCHDOG_PID: '1' }));
  manager.ready();
  await told(1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await told(1)).toEqual(['/run/notify READY=1']);
});

test('programs that the service starts do not inherit the socket', () => {
  const variables = environment({ WATCHDOG_USEC: '1', WATCHDOG_PID: '1' });
  openServiceManager(variables);
  expect(Object.keys(variables)).toEqual(['PATH']);
});

test('without systemd nobody is told', async () => {
  const manager = openServiceManager({ PATH: folder });
  manager.ready();
  manager.stopping();
  await expect(readFile(path.join(folder, 'told'))).rejects.toMatchObject({ code: 'ENOENT' });
});
