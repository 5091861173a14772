import type { ChangeAuthor } from './history.ts';

/** What a change does to one file: its bytes before and after; undefined = no such file. */
export interface PlannedChange {
  /** Relative to the site. */
  file: string;
  before: Buffer | undefined;
  after: Buffer | undefined;
  /** First line of the commit. */
  message: string;
}

/** A change that waits for its turn. */
export interface Change {
  author: ChangeAuthor;
  /**
   * Looks at the site as it is now and says what to do. Called when it is the change's turn, so that nothing can come
   * between the look and the write.
   *
   * @throws {@link ArleoError} when the change does not make sense (any more)
   */
  plan(): Promise<PlannedChange>;
}
