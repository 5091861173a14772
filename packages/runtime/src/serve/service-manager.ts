import { execFile } from 'node:child_process';

/** What started this service: systemd where its unit has `Type=notify`, else nobody who listens. */
export interface ServiceManager {
  /** The service can do its job from now on. */
  ready(): void;
  /** The service was asked to stop, and does. */
  stopping(): void;
}

/**
 * Finds who is to be told (sd_notify(3): `NOTIFY_SOCKET`) and takes its variables out of the environment, so that no
 * program started by the service speaks for it. If the unit has `WatchdogSec=`, systemd hears twice in that time, from
 * when the service is ready, that its event loop turns; one that hangs is killed and started again.
 *
 * The socket takes datagrams, which Node cannot send to a path: systemd's own program `systemd-notify` does. It is not
 * the unit's main process, so the unit needs `NotifyAccess=all`.
 */
export function openServiceManager(environment: NodeJS.ProcessEnv): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: patience, WATCHDOG_PID: watched, PATH: path } = environment;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[name];
  if (!socket) return { ready() {}, stopping() {} };

  const tell = (state: string, told: () => void = () => {}): void => {
    execFile('systemd-notify', [state], { env: { NOTIFY_SOCKET: socket, PATH: path } }, (error) => {
      // Unheard, a start ends in the unit's time limit: this line says why.
      if (error) process.stderr.write(`systemd does not hear ${state}: ${error.message.trim()}\n`);
      told();
    });
  };
  const everyMs = watched === undefined || watched === String(process.pid) ? Number(patience ?? 0) / 2000 : 0;
  return {
    ready() {
      tell('READY=1');
      if (!(everyMs > 0)) return;
      let telling = false;
      setInterval(() => {
        if (telling) return;
        telling = true;
        tell('WATCHDOG=1', () => {
          telling = false;
        });
      }, everyMs).unref();
    },
    stopping: () => tell('STOPPING=1'),
  };
}
