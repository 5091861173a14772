import { mkdir } from 'node:fs/promises';
import { isArleoError } from '@arleo/core/errors';
import { type DemoOptions, parseOptions } from './options.ts';
import { describe, stackInfo } from './report.ts';
import { smoke } from './smoke/smoke.ts';
import { checkPorts } from './stack/ports.ts';
import { type Stack, startStack } from './stack/start-stack.ts';
import { stateLayout } from './state/layout.ts';
import { lockState } from './state/lock.ts';
import { prepareState } from './state/prepare-state.ts';

const progress = (line: string) => process.stderr.write(`==> ${line}\n`);

async function main(): Promise<void> {
  // Whatever is made here belongs to the owner alone.
  process.umask(0o077);
  const options = parseOptions(process.argv.slice(2));
  const stopped = stopSignal();

  const layout = stateLayout(options.state);
  await mkdir(layout.root, { recursive: true, mode: 0o700 });
  const unlock = await lockState(layout.lock);
  process.once('exit', unlock);
  await checkPorts(options.ports);

  progress(`Preparing ${layout.root}`);
  const state = await prepareState(layout, options.site);
  if (state.certificateOutcome === 'renewed')
    progress('The certificate was about to expire: it is renewed, with the same key');

  progress('Starting the services');
  const stack = await startStack({ layout, state, ports: options.ports, publicUrl: options.publicUrl });
  try {
    const ended = await Promise.race([serve(stack, options), stopped, stack.failure]);
    if (ended === 'stopped') progress('Stopping');
  } finally {
    await stack.close();
  }
}

async function serve(stack: Stack, options: DemoOptions): Promise<'done'> {
  progress('Building the site');
  await stack.published();
  if (options.smoke) {
    const say = options.json
      ? (line: string) => process.stderr.write(`${line}\n`)
      : (line: string) => process.stdout.write(`${line}\n`);
    await smoke({ addresses: stack.addresses, passphrase: stack.state.passphrase, say });
    if (options.json) process.stdout.write(`${JSON.stringify(stackInfo(stack))}\n`);
    else say('The whole way holds, with both clients.');
    return 'done';
  }
  process.stdout.write(options.json ? `${JSON.stringify(stackInfo(stack))}\n` : describe(stack));
  return new Promise(() => {});
}

/** Settles at the first Ctrl-C, SIGTERM or SIGHUP; a second one ends everything at once. */
function stopSignal(): Promise<'stopped'> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        // The services follow: the kernel tells them that this process is gone.
        if (asked) process.exit(130);
        asked = true;
        resolve('stopped');
      });
    }
  });
}

try {
  await main();
} catch (error) {
  const known = isArleoError(error);
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.stderr.write(`       ${known && error.hint ? error.hint : 'See the lines above.'}\n`);
  process.exitCode = known && error.code === 'usage' ? 2 : 1;
}
