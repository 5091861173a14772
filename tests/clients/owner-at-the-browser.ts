import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownerApproves } from '@arleo/demo/smoke/owner-approves';

/** Stands for the browser that a client opens, and the owner who sits in front of it. */
export interface OwnerAtTheBrowser {
  /** The environment to start the client with: a home of its own, and this browser. */
  env: Record<string, string>;
  /**
   * Waits for the address that the client opens, approves over HTTP, and opens the callback at the client.
   *
   * @throws Error when the client opened nothing within the time
   */
  approveNext(passphrase: string, timeoutMs?: number): Promise<URL>;
  dispose(): Promise<void>;
}

/** Every name by which a client may open a browser on Linux leads to a script that only writes down the address. */
export async function ownerAtTheBrowser(): Promise<OwnerAtTheBrowser> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-client-'));
  const [home, bin, opened] = [path.join(folder, 'home'), path.join(folder, 'bin'), path.join(folder, 'opened')];
  await mkdir(home);
  await mkdir(bin);
  await writeFile(opened, '');
  const script = `#!/bin/sh\nprintf '%s\\n' "$1" >>'${opened}'\n`;
  for (const name of ['browser', 'xdg-open', 'www-browser']) {
    await writeFile(path.join(bin, name), script);
    await chmod(path.join(bin, name), 0o755);
  }
  let seen = 0;
  return {
    env: { HOME: home, BROWSER: path.join(bin, 'browser'), PATH: `${bin}:${process.env.PATH ?? ''}` },
    async approveNext(passphrase, timeoutMs = 120_000) {
      const end = Date.now() + timeoutMs;
      for (;;) {
        const address = (await readFile(opened, 'utf8')).split('\n')[seen];
        if (address) {
          seen += 1;
          const { callback } = await ownerApproves(new URL(address), { passphrase });
          await (await fetch(callback)).text();
          return new URL(address);
        }
        if (Date.now() > end) throw new Error('the client opened no browser');
        await sleep(50);
      }
    },
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}
