import { cp, lstat, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { EXAMPLE_SITE } from '../checkout.ts';
import { isHugoSite } from '../options.ts';
import { damaged } from './damaged.ts';

/**
 * Keeps the copy of the example site; makes it whole or not at all.
 *
 * @throws ArleoError `state_damaged` if the folder is there but holds no Hugo configuration
 */
export async function keepExampleSite(folder: string): Promise<void> {
  if ((await lstat(folder).catch(() => undefined)) !== undefined) {
    if (!isHugoSite(folder)) {
      throw damaged(folder, 'is not a Hugo site any more', `Restore its config.toml, or start afresh: rm -r ${folder}`);
    }
    return;
  }
  const fresh = await mkdtemp(path.join(path.dirname(folder), 'site.new-'));
  try {
    await cp(EXAMPLE_SITE, fresh, { recursive: true });
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
}
