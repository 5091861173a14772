import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** V8 makes its space for new objects small again once it has seen few of them for 5 s. */
const quietMs = 6_000;

/**
 * Collects garbage fully, so that memory goes back to the system after work that left very much of it. V8 does so only
 * when it needs room: a service that read a large site at its start and then waits would hold twice what it needs for
 * as long as it waits. Once now, and once more after `pauseMs`; each time blocks for about 20 ms a 10 MB that are in
 * use: for the end of a start, not for a request. Keeps no process alive.
 */
export async function giveBackMemory(pauseMs: number = quietMs): Promise<void> {
  // The flag gives new contexts a function, and is taken back: nothing else shall find it.
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  const collect = () => {
    // What is in use lies scattered over pages of memory that are half empty: together it needs fewer.
    setFlagsFromString('--compact-on-every-full-gc');
    gc();
    setFlagsFromString('--no-compact-on-every-full-gc');
  };
  collect();
  await sleep(pauseMs, undefined, { ref: false });
  collect();
}
