/** For how long, in milliseconds, it is believed that an access token holds: a revocation acts no later. */
export const BELIEVED_MS = 1_000;
/** As many tokens as are remembered. */
const maxRemembered = 1_000;

/**
 * Asks whether an access token holds, and believes a yes for a second, counted from when it was asked; a no is asked
 * anew. Who asks while the same is being asked waits for that answer.
 */
export function createHoldCache(
  ask: (grantId: string, jti: string) => Promise<boolean>,
  believedMs = BELIEVED_MS,
  clock: () => number = () => performance.now(),
): (grantId: string, jti: string) => boolean | Promise<boolean> {
  const known = new Map<string, { asked: number; answer: true | Promise<boolean> }>();
  return (grantId, jti) => {
    const key = `${grantId} ${jti}`;
    const entry = known.get(key);
    if (entry && clock() - entry.asked < believedMs) return entry.answer;
    known.delete(key);
    if (known.size >= maxRemembered) known.delete(known.keys().next().value ?? '');
    const fresh: { asked: number; answer: true | Promise<boolean> } = {
      asked: clock(),
      answer: ask(grantId, jti).then(
        (holds) => {
          if (holds) fresh.answer = true;
          else if (known.get(key) === fresh) known.delete(key);
          return holds;
        },
        (error: unknown) => {
          if (known.get(key) === fresh) known.delete(key);
          throw error;
        },
      ),
    };
    known.set(key, fresh);
    return fresh.answer;
  };
}
