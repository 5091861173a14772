import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EdgeHandler } from '@arleo/runtime/http/edge';
import type { RequestContext } from '@arleo/runtime/http/request-context';
import type { Log } from '@arleo/runtime/logging/log';
import type { Lifecycle } from '@arleo/runtime/serve/lifecycle';
import { StateUnavailable } from '../state/state-unavailable.ts';

/** What answers requests. */
export interface Handlers {
  mcp: EdgeHandler;
  rest: EdgeHandler;
}

/** What {@link openLater} needs. */
export interface LateOptions {
  /** Makes them. @throws {@link StateUnavailable} when they cannot be made yet */
  open: () => Promise<Handlers>;
  /** Answers as long as there are none. */
  unavailable: (request: IncomingMessage, response: ServerResponse, context: RequestContext) => void;
  lifecycle: Lifecycle;
  log: Log;
  everyMs?: number;
}

/**
 * Handlers that may only be possible later, when the state can be reached: so a service that starts before its Redis says
 * what is wrong, and is all well once that is there.
 *
 * @throws what else keeps them from being made at the first attempt
 */
export async function openLater({ open, unavailable, lifecycle, log, everyMs = 500 }: LateOptions): Promise<Handlers> {
  let handlers: Handlers | undefined;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let told = '';
  const again = async (): Promise<void> => {
    try {
      handlers = await open();
    } catch (error) {
      if (!(error instanceof StateUnavailable) && String(error) !== told) {
        told = String(error);
        log.error('the service cannot begin its work', { error });
      }
      if (!closed) timer = setTimeout(() => void again(), everyMs);
    }
  };
  try {
    handlers = await open();
  } catch (error) {
    if (!(error instanceof StateUnavailable)) throw error;
    lifecycle.onClose('wait for the state', () => {
      closed = true;
      clearTimeout(timer);
    });
    timer = setTimeout(() => void again(), everyMs);
  }
  return {
    mcp: (request, response, context) => (handlers?.mcp ?? unavailable)(request, response, context),
    rest: (request, response, context) => (handlers?.rest ?? unavailable)(request, response, context),
  };
}
