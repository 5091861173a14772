/** How often is looked, in milliseconds. */
const lookEveryMs = 500;

/**
 * Looks at something again and again, one look at a time, and tells when it is another than at the look before; the first
 * look counts as a change, too: whoever watches has yet to read.
 *
 * @param look what there is now, as text to compare; it must not throw
 * @returns ends it
 */
export function watchChanges(
  look: (seen: string | undefined) => Promise<string | undefined>,
  onChange: () => void,
): () => void {
  let seen: string | undefined;
  let looking = false;
  const again = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    const found = await look(seen);
    looking = false;
    if (found === seen) return;
    seen = found;
    onChange();
  };
  void again();
  const timer = setInterval(() => void again(), lookEveryMs).unref();
  return () => clearInterval(timer);
}
