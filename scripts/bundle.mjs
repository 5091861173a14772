#!/usr/bin/env node
/**
 * Bundles entry points into `dist/` of the current package, so that the folder runs with nothing but Node.
 *
 *   node bundle.mjs ENTRY...       ENTRY: a file of this package, or a module specifier such as
 *                                  `@arleo/core/tokens/bcrypt-worker.mjs`; the output keeps its base name.
 */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

// CommonJS dependencies inside an ES module bundle still call require and read __dirname.
const banner = `import { createRequire as __createRequire } from 'node:module';
import { fileURLToPath as __fileURLToPath } from 'node:url';
import { dirname as __pathDirname } from 'node:path';
const require = __createRequire(import.meta.url);
const __filename = __fileURLToPath(import.meta.url);
const __dirname = __pathDirname(__filename);`;

const entries = process.argv.slice(2);
if (entries.length === 0) {
  process.stderr.write('usage: bundle.mjs ENTRY...\n');
  process.exit(2);
}

const out = path.resolve('dist');
await rm(out, { recursive: true, force: true });
await build({
  entryPoints: Object.fromEntries(entries.map((entry) => [path.parse(entry).name, entry])),
  outdir: out,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  conditions: ['arleo-source'],
  banner: { js: banner },
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
});
await writeFile(path.join(out, 'package.json'), '{ "type": "module" }\n');
