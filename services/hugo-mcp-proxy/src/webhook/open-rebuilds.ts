import type https from 'node:https';
import type { Log } from '@arleo/runtime/logging/log';
import type { Lifecycle } from '@arleo/runtime/serve/lifecycle';
import { createAskPull } from './ask-pull.ts';
import { systemClock } from './clock.ts';
import { openOwedState } from './owed-state.ts';
import { createRebuilds, type RebuildEvents, type Rebuilds } from './rebuilds.ts';

/** What {@link openRebuilds} needs. */
export interface OpenRebuildsOptions {
  stateDir: string;
  upstream: URL;
  agent: https.Agent;
  token: string;
  branch: string;
  intervalMs: number;
  events: RebuildEvents;
  log: Log;
}

/** Opens what turns pushes into rebuilds, and goes on with what was owed when the service stopped. */
export async function openRebuilds(options: OpenRebuildsOptions, lifecycle: Lifecycle): Promise<Rebuilds> {
  const { stateDir, intervalMs, events, log } = options;
  const ask = createAskPull(options);
  const state = await openOwedState(stateDir, log);
  const rebuilds = createRebuilds({ state, ask, clock: systemClock, intervalMs, events });
  lifecycle.onClose('rebuilds', () => {
    rebuilds.close();
    ask.abort();
  });
  return rebuilds;
}
