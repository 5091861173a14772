/**
 * Loaded into the real service before anything else (`node --require`): counts what it does to the disk and what it
 * starts, and kills the process by SIGKILL right before the step whose number is in the environment.
 *
 *   DIE_AT=N     the step, from 1; without it steps are counted only
 *   DIE_FROM=F   a file: steps count from when it is there; without it, from the start
 *   DIE_COUNT=F  a file into which the number of steps is written when SIGUSR2 comes
 */
const { existsSync, writeFileSync, promises } = require('node:fs');
const childProcess = require('node:child_process');
const { syncBuiltinESMExports } = require('node:module');
const { promisify } = require('node:util');

// biome-ignore lint/style/noProcessEnv: it is loaded before the configuration is, and is no part of the service
const { DIE_AT, DIE_FROM = '', DIE_COUNT = '' } = process.env;
const last = Number(DIE_AT ?? Number.POSITIVE_INFINITY);
let steps = 0;
let counting = DIE_FROM === '';

function step() {
  counting ||= existsSync(DIE_FROM);
  if (!counting) return;
  steps += 1;
  if (steps >= last) process.kill(process.pid, 'SIGKILL');
}

/**
 * @param {any} object
 * @param {string} name
 */
function count(object, name) {
  const original = object[name];
  if (original === undefined) return;
  object[name] = counted(original);
  // `execFile` has a form of its own for promisify.
  if (original[promisify.custom]) object[name][promisify.custom] = counted(original[promisify.custom]);
}

/** @param {Function} original */
function counted(original) {
  /** @this {unknown} */
  return function countedStep(/** @type {unknown[]} */ ...args) {
    step();
    return original.apply(this, args);
  };
}

for (const name of ['open', 'rename', 'unlink', 'link', 'symlink', 'mkdir', 'rmdir', 'rm', 'writeFile']) {
  count(promises, name);
}
count(childProcess, 'spawn');
count(childProcess, 'execFile');
syncBuiltinESMExports();

// The methods of file handles are found on one that is open.
promises.open(__filename).then(async (handle) => {
  for (const name of ['writeFile', 'sync', 'chmod', 'close']) count(Object.getPrototypeOf(handle), name);
  await handle.close();
});

process.on('SIGUSR2', () => writeFileSync(DIE_COUNT, String(steps)));
