#!/usr/bin/env node
/**
 * Bundles entry points into `dist/` of the current package, so that the folder runs with nothing but Node.
 *
 *   node bundle.mjs [--out=DIR] ENTRY...   ENTRY: a file of this package, or a module specifier; the output keeps its
 *                                          base name. DIR: somewhere else than `dist/`; it is emptied first.
 *
 * Worker threads load files of their own. They are found in what was bundled and put beside it: files that a module of
 * ours names by `new URL('./x.mjs', import.meta.url)`, and piscina's own worker. THIRD_PARTY_LICENSES beside them has the licences
 * of all that is bundled.
 */
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';
import { thirdPartyLicenses } from './third-party-licenses.mjs';

// CommonJS dependencies inside an ES module bundle still call require and read __dirname.
const banner = `import { createRequire as __createRequire } from 'node:module';
import { fileURLToPath as __fileURLToPath } from 'node:url';
import { dirname as __pathDirname } from 'node:path';
const require = __createRequire(import.meta.url);
const __filename = __fileURLToPath(import.meta.url);
const __dirname = __pathDirname(__filename);`;

const args = process.argv.slice(2);
const outArgument = args.find((arg) => arg.startsWith('--out='));
const entries = args.filter((arg) => arg !== outArgument);
if (entries.length === 0) {
  process.stderr.write('usage: bundle.mjs [--out=DIR] ENTRY...\n');
  process.exit(2);
}

const out = path.resolve(outArgument?.slice('--out='.length) ?? 'dist');

/**
 * Native addons that look for their prebuilt binary in `node_modules` get it copied into the bundle instead: the
 * Node-API build for this platform, which every Node version loads.
 *
 * @type {import('esbuild').Plugin}
 */
const nativeAddons = {
  name: 'native-addons',
  setup(build) {
    build.onResolve({ filter: /^node-gyp-build-optional-packages$/ }, ({ importer }) => ({
      path: importer,
      namespace: 'native-addon',
    }));
    build.onLoad({ filter: /./, namespace: 'native-addon' }, async ({ path: importer }) => {
      const { name } = JSON.parse(await readFile(path.join(path.dirname(importer), 'package.json'), 'utf8'));
      const platform = `${name}-${process.platform}-${process.arch}`;
      const binary = createRequire(importer).resolve(`@${name}/${platform}/node.napi.glibc.node`);
      await mkdir(out, { recursive: true });
      await copyFile(binary, path.join(out, `${platform}.node`));
      return {
        contents: `import { createRequire } from 'node:module';
const load = createRequire(import.meta.url);
export default () => load('./${name}-' + process.platform + '-' + process.arch + '.node');`,
      };
    });
  },
};

/**
 * ordered-binary (of lmdb) makes its string reader by a direct `eval` that names the module's own variables. As an ES
 * module it is hoisted into the bundle's scope, where such a variable gets another name, and reading a key never ends; as
 * CommonJS it keeps a scope of its own.
 *
 * @type {import('esbuild').Plugin}
 */
const ownScope = {
  name: 'own-scope',
  setup(build) {
    build.onResolve({ filter: /^ordered-binary$/ }, ({ importer }) => ({
      path: createRequire(importer).resolve('ordered-binary'),
    }));
  },
};

/** @type {import('esbuild').BuildOptions & { metafile: true }} */
const options = {
  outdir: out,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  conditions: ['arleo-source'],
  banner: { js: banner },
  // THIRD_PARTY_LICENSES has all of them.
  legalComments: 'none',
  logLevel: 'warning',
  // Optional: piscina lowers a worker's priority with it when asked to, and does without it otherwise.
  external: ['@napi-rs/nice'],
  plugins: [nativeAddons, ownScope],
  metafile: true,
};

/**
 * The worker files that the bundled modules start.
 *
 * @param {import('esbuild').Metafile} metafile
 * @returns {Promise<string[]>}
 */
async function workers(metafile) {
  const found = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    if (/\/piscina\/dist\/index\.js$/.test(input)) found.add(path.resolve(path.dirname(input), 'worker.js'));
    if (input.includes('node_modules/')) continue;
    const source = await readFile(input, 'utf8');
    for (const [, file = ''] of source.matchAll(/new URL\('(\.\/[\w./-]+\.mjs)', import\.meta\.url\)/g)) {
      found.add(path.resolve(path.dirname(input), file));
    }
  }
  return [...found];
}

await rm(out, { recursive: true, force: true });
const main = await build({
  ...options,
  entryPoints: Object.fromEntries(entries.map((entry) => [path.parse(entry).name, entry])),
});
const inputs = Object.keys(main.metafile.inputs);
for (const worker of await workers(main.metafile)) {
  const { name, ext } = path.parse(worker);
  const { metafile } = await build({ ...options, entryPoints: { [name]: worker }, outExtension: { '.js': ext } });
  inputs.push(...Object.keys(metafile.inputs));
}
for (const entry of entries) {
  const file = path.join(out, `${path.parse(entry).name}.js`);
  if ((await readFile(file, 'utf8')).startsWith('#!')) await chmod(file, 0o755);
}
await writeFile(path.join(out, 'THIRD_PARTY_LICENSES'), await thirdPartyLicenses(inputs));
await writeFile(path.join(out, 'package.json'), '{ "type": "module" }\n');
