import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ProcessName } from '@arleo/demo/stack/services';
import { type Stack, startStack } from '@arleo/demo/stack/start-stack';
import { type StateLayout, stateLayout } from '@arleo/demo/state/layout';
import { prepareState } from '@arleo/demo/state/prepare-state';
import { freePorts } from './free-ports.ts';

/** A stack of real processes on throw-away state. */
export interface TestStack extends Stack {
  /** Stops all and removes the state. */
  dispose(): Promise<void>;
}

/** Extra environment by process. */
export type StackEnv = Partial<Record<ProcessName, Record<string, string>>>;

/**
 * Starts the bundled services on free ports with the example site; the limits per address are out of the tests' way.
 *
 * @param prepared is called when keys and certificates are there and nothing runs yet
 * @param site the Hugo site; the example's copy if absent
 */
export async function startTestStack(
  env: StackEnv = {},
  prepared: (layout: StateLayout) => Promise<void> = async () => {},
  site?: string,
): Promise<TestStack> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-e2e-'));
  const layout = stateLayout(path.join(folder, 'state'));
  const state = await prepareState(layout, site);
  await prepared(layout);
  const relaxed = {
    RATE_LIMIT_PER_ADDRESS: '100000',
    RATE_LIMIT_PER_SUBJECT: '100000',
    RATE_LIMIT_PROGRAMS: '100000',
    RATE_LIMIT_REGISTRATIONS: '100000',
  };
  const stack = await startStack({
    layout,
    state,
    ports: await freePorts(),
    env: { ...env, 'oauth-proxy': { ...relaxed, ...env['oauth-proxy'] } },
  });
  // A process that dies in the middle explains all that fails after it.
  stack.failure.catch((error: Error) => process.stderr.write(`${error.message}\n`));
  await stack.published();
  return {
    ...stack,
    dispose: async () => {
      await stack.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
