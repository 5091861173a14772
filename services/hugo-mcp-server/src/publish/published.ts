/** What one plug-in did for a release. */
export interface Published {
  plugin: string;
  /** Null while it is under way. */
  ok: boolean | null;
  /** One sentence. */
  detail: string;
  /** Addresses that it was about. */
  urls: readonly string[];
}
