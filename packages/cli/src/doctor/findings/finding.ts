/** The layers of the way, in the order in which a request passes them; `host` is the machine itself. */
export const LAYERS = [
  'host',
  'dns',
  'tcp',
  'tls',
  'edge',
  'nginx',
  'waf',
  'oauth-proxy',
  'hugo-mcp-proxy',
  'hugo-mcp-server',
  'hugo',
  'publish',
] as const;

/** Where something was asked, or is wrong. */
export type Layer = (typeof LAYERS)[number];

/** How bad it is: a warning does not keep Claude from working now. */
export type Severity = 'warning' | 'failure';

/** What doctor knows about one kind of fault. docs/doctor.md says the same. */
export interface FindingEntry {
  /** Which layer answered, or was silent. */
  layer: Layer;
  severity: Severity;
  /** One sentence. */
  why: string;
  /** The command or the setting that mends it. */
  mend: string;
}
