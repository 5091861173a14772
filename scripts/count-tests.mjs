#!/usr/bin/env node
/**
 * Adds up what jest-results.mjs left behind and prints "N passed, N failed" as the last line, after a line for each test
 * that failed ("FAILED file: name"): a long log says at its end what to look for.
 *
 *   node count-tests.mjs FOLDER STATUS     STATUS: exit status of `pnpm -r test`
 *
 * Exits 1 when a test failed, when a package with a test script reported no test, or when STATUS is not 0.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const [folder = '', status = '1'] = process.argv.slice(2);

/** The folders of the workspace, as pnpm-workspace.yaml lists them. */
const WORKSPACE = ['packages/*', 'services/*', 'scripts/demo', 'tests'];

const packages = WORKSPACE.flatMap((entry) => {
  if (!entry.endsWith('/*')) return [entry];
  const parent = entry.slice(0, -2);
  return readdirSync(path.join(root, parent)).map((name) => `${parent}/${name}`);
}).filter((entry) => {
  const file = path.join(root, entry, 'package.json');
  return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).scripts?.test !== undefined;
});

const runs = readdirSync(folder).map((name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')));
const silent = packages.filter((entry) => {
  const run = runs.find((candidate) => candidate.package === path.join(root, entry));
  return run === undefined || run.passed + run.failed === 0;
});
for (const failure of runs.flatMap((run) => run.failures)) {
  process.stdout.write(`FAILED ${path.relative(root, failure)}\n`);
}
for (const entry of silent) {
  process.stdout.write(`FAILED ${entry}: no test ran\n`);
}

const passed = runs.reduce((sum, run) => sum + run.passed, 0);
let failed = runs.reduce((sum, run) => sum + run.failed, 0) + silent.length;
if (failed === 0 && status !== '0') {
  process.stderr.write(`every test passed, yet the test run ended with status ${status}\n`);
  failed = 1;
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
