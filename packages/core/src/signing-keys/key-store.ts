/**
 * Where the keys of the access tokens are kept, as text (`key-set.ts` reads and writes it): a file, or whatever several
 * machines share.
 */
export interface KeyStore {
  /** What it is, for messages: a path, for one. Never a secret. */
  readonly where: string;
  /** What is stored; undefined if nothing is. */
  read(): Promise<string | undefined>;
  /**
   * Stores `next` if `expected` is what is stored now, whole or not at all, also after a crash.
   *
   * @returns whether it did
   */
  replace(expected: string | undefined, next: string): Promise<boolean>;
  /**
   * Calls `onChange` whenever what is stored may have changed, a second later at most. Never throws.
   *
   * @returns how to stop
   */
  watch(onChange: () => void): () => void;
}
