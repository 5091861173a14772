import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { releaseAddresses } from '../build/release-addresses.ts';
import { inParallel } from '../site/in-parallel.ts';
import type { SiteFacts } from '../site/site-facts.ts';
import type { ReleaseChanges } from './plugin.ts';

/** The files of a release and the SHA-256 of each. */
export type Manifest = ReadonlyMap<string, string>;

/** As many files as are read at a time: few, for the site is served and edited meanwhile. */
const concurrency = 8;

/** Reads all of a release. Undefined if it is not there any more. */
export async function readManifest(dir: string): Promise<Manifest | undefined> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return undefined;
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const manifest = new Map<string, string>();
  await inParallel(files, concurrency, async (file) => {
    const hash = createHash('sha256')
      .update(await readFile(file))
      .digest('base64');
    manifest.set(path.relative(dir, file), hash);
  });
  return manifest;
}

/** What visitors would see differ, by address; each list is sorted. Undefined if the site's addresses are not known. */
export function compareReleases(
  before: Manifest,
  after: Manifest,
  facts: Pick<SiteFacts, 'baseUrl' | 'languages'>,
): ReleaseChanges | undefined {
  const added: string[] = [];
  const changed: string[] = [];
  const removed: string[] = [];
  for (const [file, hash] of after) {
    const old = before.get(file);
    if (old === undefined) added.push(file);
    else if (old !== hash) changed.push(file);
  }
  for (const file of before.keys()) if (!after.has(file)) removed.push(file);
  const addresses = releaseAddresses(facts);
  const urls = (files: string[]) => files.map(addresses.publicUrlOf).sort();
  const changes = { added: urls(added), changed: urls(changed), removed: urls(removed) };
  const known = Object.values(changes).every((list) => list.every((url) => url !== undefined));
  return known ? (changes as ReleaseChanges) : undefined;
}
