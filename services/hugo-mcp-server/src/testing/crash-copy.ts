import { cpSync, rmSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { TestService } from './service-fixture.ts';

const parts = ['site', 'state'];
const attempts = 20;

/**
 * Copies the site and the state as a crash at this moment would leave them into a folder beside them. The service stands
 * still while this copies; a Git that it had started goes on to its end, and may take a lock away under the copy's hands:
 * then it is made again, with 20 attempts at most.
 */
export function copyAsCrashed(service: TestService, name: string): void {
  const folder = path.join(service.dir.path, name);
  for (let attempt = 1; ; attempt += 1) {
    rmSync(folder, { recursive: true, force: true });
    try {
      for (const part of parts) {
        const from = path.join(service.dir.path, part);
        cpSync(from, path.join(folder, part), { recursive: true, verbatimSymlinks: true });
      }
      // Its holder is this very process, which no crash ended.
      rmSync(path.join(folder, 'state/service.lock'), { force: true });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === attempts) throw error;
    }
  }
}

/** Stops the service, and starts it on what {@link copyAsCrashed} kept. */
export async function startOnCopy(service: TestService, name: string): Promise<void> {
  await service.stop();
  for (const part of parts) {
    const to = path.join(service.dir.path, part);
    await rm(to, { recursive: true });
    await cp(path.join(service.dir.path, name, part), to, { recursive: true, verbatimSymlinks: true });
  }
  await service.restart();
}
