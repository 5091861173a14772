import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const BUNDLES = ['services/oauth-proxy', 'services/hugo-mcp-proxy', 'services/hugo-mcp-server', 'packages/cli'];

/** The packages whose code is in a bundle, by the comments that esbuild sets before each file. */
function bundled(dist: string): string[] {
  const found = new Set<string>();
  for (const name of readdirSync(dist).filter((file) => /\.m?js$/.test(file))) {
    const text = readFileSync(path.join(dist, name), 'utf8');
    // The same package name may stand there in several versions.
    for (const [, version, pkg] of text.matchAll(
      /^ *\/\/ (?:native-addon:)?\S*node_modules\/\.pnpm\/(?:@[^/@]+\+)?[^/@]+@([^/_()]+)[^/]*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//gm,
    )) {
      found.add(`${pkg} ${version}`);
    }
  }
  return [...found].sort();
}

it.each(BUNDLES)('%s is delivered with the licences of all that is bundled in it', (folder) => {
  const dist = path.join(root, folder, 'dist');
  const [head = '', ...entries] = readFileSync(path.join(dist, 'THIRD_PARTY_LICENSES'), 'utf8').split(
    `\n${'='.repeat(80)}\n`,
  );
  const listed = entries.map((entry) => /^\n(\S+ \S+) \([^)]+\)\n/.exec(entry)?.[1] ?? entry.slice(0, 100));
  const inside = bundled(dist);
  expect(inside.length).toBeGreaterThan(5);
  expect(inside.filter((one) => !listed.includes(one))).toEqual([]);
  expect(head).toContain(`parts of ${listed.length} packages`);
  for (const entry of entries) expect(entry).toMatch(/permission|redistribution|apache license/i);
});

it('the database that oauth-proxy has as a binary is among them, with what it is made of', () => {
  const text = readFileSync(path.join(root, 'services/oauth-proxy/dist/THIRD_PARTY_LICENSES'), 'utf8');
  expect(text).toMatch(/^lmdb \S+ \(MIT\)$/m);
  expect(text).toContain('The OpenLDAP Public License');
  expect(text).toMatch(/LZ4/);
});
