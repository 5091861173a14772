/** Things that were opened, closed in reverse. */
export interface Lifecycle {
  /** Registers how to close what was just opened. */
  onClose(name: string, close: () => Promise<void> | void): void;
  /** Closes everything, the last opened first. One that fails does not stop the others; all failures are thrown together. */
  closeAll(): Promise<void>;
}

/** @see {@link Lifecycle} */
export function createLifecycle(): Lifecycle {
  const closers: { name: string; close: () => Promise<void> | void }[] = [];
  return {
    onClose(name, close) {
      closers.push({ name, close });
    },
    async closeAll() {
      const failures: Error[] = [];
      for (let next = closers.pop(); next; next = closers.pop()) {
        try {
          await next.close();
        } catch (cause) {
          failures.push(new Error(`closing ${next.name} failed`, { cause }));
        }
      }
      if (failures.length > 0)
        throw new AggregateError(failures, failures.map((failure) => failure.message).join('; '));
    },
  };
}
