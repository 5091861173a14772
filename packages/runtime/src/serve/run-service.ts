import { isArleoError } from '@arleo/core/errors';
import { ConfigError } from '../config/load-config.ts';
import { createLifecycle, type Lifecycle } from './lifecycle.ts';

/** Exit status of a service whose configuration is wrong (EX_CONFIG of sysexits.h). */
export const EXIT_CONFIG = 78;

/**
 * Runs a service until SIGTERM or SIGINT, then closes what it opened, in reverse, and exits 0. A second signal exits at
 * once. Wrong configuration exits with {@link EXIT_CONFIG} and one line per variable on standard error; any other
 * failure to start exits 1.
 */
export function runService(name: string, start: (lifecycle: Lifecycle) => Promise<void>): void {
  const lifecycle = createLifecycle();
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(signal === 'SIGINT' ? 130 : 143);
    stopping = true;
    started
      .then(() => lifecycle.closeAll())
      .then(
        () => process.exit(0),
        (error: unknown) => fail(name, error),
      );
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  const started = start(lifecycle).catch(async (error: unknown) => {
    await lifecycle.closeAll().catch(() => undefined);
    fail(name, error);
  });
}

function fail(name: string, error: unknown): never {
  if (error instanceof ConfigError) {
    process.stderr.write(`${name}: the configuration is not complete:\n`);
    for (const fault of error.message.split('\n')) process.stderr.write(`  ${fault}\n`);
    process.exit(EXIT_CONFIG);
  }
  const { code, message, stack } = error as NodeJS.ErrnoException;
  process.stderr.write(`${name}: ${code === undefined ? (stack ?? String(error)) : `${message} (${code})`}\n`);
  if (isArleoError(error) && error.hint !== undefined) process.stderr.write(`  ${error.hint}\n`);
  process.exit(1);
}
