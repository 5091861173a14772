import type { IncomingMessage } from 'node:http';

/** How much memory the bodies of unproven callers may take together. */
export interface BodyBudget {
  /** Takes what the request declares; gives what returns it, or undefined if there is no room. */
  claim(request: IncomingMessage): (() => void) | undefined;
}

/** Bodies up to this many bytes always have room: nearly every push is one. */
const smallBytes = 256 * 1024;

/**
 * Bodies have to be held whole before their signature can be looked at, so anybody can make them be held. Large ones
 * share a budget; small ones are bounded by the number of connections alone, so that nobody crowds an honest push out.
 *
 * @param totalBytes of all large bodies at the same time
 * @param maxBytes of one body; what a request that declares no length is counted as
 */
export function createBodyBudget(totalBytes: number, maxBytes: number): BodyBudget {
  let held = 0;
  return {
    claim({ headers }) {
      const declared = Number(headers['content-length'] ?? maxBytes);
      // One that is too large is refused for that before a byte of it is read.
      if (declared <= smallBytes || declared > maxBytes) return () => {};
      if (held + declared > totalBytes) return undefined;
      held += declared;
      let returned = false;
      return () => {
        if (!returned) held -= declared;
        returned = true;
      };
    },
  };
}
