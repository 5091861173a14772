import { isArleoError } from '@arleo/core/errors';
import { ConfigError } from '../config/load-config.ts';
import { answerCommandLine } from './command-line.ts';
import { createLifecycle, type Lifecycle } from './lifecycle.ts';
import { openServiceManager } from './service-manager.ts';

/** Exit status of a service whose configuration is wrong (EX_CONFIG of sysexits.h). */
export const EXIT_CONFIG = 78;

/**
 * Runs a service until SIGTERM or SIGINT, then closes what it opened, in reverse, and exits 0. A second signal exits at
 * once. Wrong configuration exits with {@link EXIT_CONFIG} and one line per variable on standard error; any other
 * failure to start exits 1. systemd is told when the service is ready and that it lives. With `--help` or `--version` it
 * says that instead of starting.
 */
export function runService(name: string, start: (lifecycle: Lifecycle) => Promise<void>): void {
  const said = answerCommandLine(name, process.argv.slice(2));
  if (said) {
    (said.status === 0 ? process.stdout : process.stderr).write(said.text);
    process.exitCode = said.status;
    return;
  }
  // biome-ignore lint/style/noProcessEnv: what systemd says to this process, and to no program that it starts.
  const manager = openServiceManager(process.env);
  const lifecycle = createLifecycle();
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(signal === 'SIGINT' ? 130 : 143);
    stopping = true;
    manager.stopping();
    started
      .then(() => lifecycle.closeAll())
      .then(
        () => process.exit(0),
        (error: unknown) => fail(name, error),
      );
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  const started = start(lifecycle)
    .then(manager.ready)
    .catch(async (error: unknown) => {
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
