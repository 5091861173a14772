import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { atomicWrite } from '@arleo/core/fs/atomic-write';
import * as z from 'zod';

const releaseSchema = z.object({
  id: z.string(),
  /** The newest commit of the content history that it was built from. */
  commit: z.string().optional(),
  built_at: z.iso.datetime(),
  build_ms: z.number(),
  /** HTML files in it. */
  pages: z.number(),
  /** Page files of the site when it was built. */
  sources: z.number(),
  /** The content folders and languages that it was built with, see `shapeOf`. */
  shape: z.string().optional(),
  /**
   * Which run of the machine it was built in: what Hugo wrote may not have reached the disk before that ended. Absent
   * once it is known to be on disk.
   */
  boot: z.string().optional(),
});

/** One finished build of the site. */
export type Release = z.infer<typeof releaseSchema>;

/** As many descriptions as are remembered; more releases than these are not kept. */
const maxKnown = 10;

/**
 * Reads descriptions of releases from their folder: undefined for what is no release. One is asked for at each read of
 * a page, so that a file that is as it was is not read again.
 */
export function createReleaseReader(dir: string): (id: string) => Promise<Release | undefined> {
  const known = new Map<string, { identity: string; release: Release }>();
  return async (id) => {
    const file = path.join(dir, `${id}.json`);
    try {
      const [{ ino, mtimeNs, size }] = await Promise.all([stat(file, { bigint: true }), stat(path.join(dir, id))]);
      const identity = `${ino} ${mtimeNs} ${size}`;
      const found = known.get(id);
      if (found?.identity === identity) return found.release;
      const release = releaseSchema.parse(JSON.parse(await readFile(file, 'utf8')));
      known.delete(id);
      known.set(id, { identity, release });
      for (const [oldest] of known) if (known.size > maxKnown) known.delete(oldest);
      return release;
    } catch {
      return undefined;
    }
  };
}

/** Puts a description on disk. */
export async function writeRelease(dir: string, release: Release): Promise<void> {
  await atomicWrite(path.join(dir, `${release.id}.json`), `${JSON.stringify(release, null, 2)}\n`, { mode: 0o644 });
}
