import * as z from 'zod';
import { FINDINGS, type FindingCode } from './findings/all-findings.ts';
import { LAYERS } from './findings/finding.ts';

const codes = Object.keys(FINDINGS) as [FindingCode, ...FindingCode[]];
const layer = z.enum(LAYERS);

/** One thing that was looked at. */
const stepSchema = z.object({
  layer,
  /** What was asked. */
  name: z.string(),
  state: z.enum(['ok', 'warning', 'failure', 'skipped']),
  /** How long it took, in milliseconds; null if it was not done. */
  ms: z.number().nullable(),
  /** What was seen. */
  says: z.string(),
});

/** One fault. */
const findingSchema = z.object({
  code: z.enum(codes),
  /** The layer that answered, or was silent. */
  layer,
  severity: z.enum(['warning', 'failure']),
  /** What was seen. */
  says: z.string(),
  why: z.string(),
  mend: z.string(),
});

/** What `arleo doctor --json` prints. Fields are only ever added while `schema` stays the same. */
export const reportSchema = z.object({
  schema: z.literal(1),
  /** The version of doctor. */
  version: z.string(),
  started_at: z.iso.datetime(),
  duration_ms: z.number(),
  /** The address that was looked at, without query; null on a host that has none. */
  target: z.string().nullable(),
  worst: z.enum(['ok', 'warning', 'failure']),
  /** In the order in which they were done. */
  steps: z.array(stepSchema),
  /** The worst first; otherwise in the order of the way. */
  findings: z.array(findingSchema),
});

export type Report = z.infer<typeof reportSchema>;
export type Step = z.infer<typeof stepSchema>;
export type Finding = z.infer<typeof findingSchema>;

/** Exit statuses; 1 and 2 mean the same as in every other command (doctor itself failed; the command line is wrong). */
export const EXIT = { ok: 0, warning: 3, failure: 4 } as const;

/** The worst that there is among the findings. */
export function worstOf(findings: readonly Pick<Finding, 'severity'>[]): Report['worst'] {
  if (findings.some(({ severity }) => severity === 'failure')) return 'failure';
  return findings.length > 0 ? 'warning' : 'ok';
}

/** The findings in the order in which one should mend them: failures first, then along the way; those of a kind together. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const kinds = new Map<string, Finding[]>();
  for (const one of findings) {
    const kind = `${one.code} ${one.layer} ${one.mend}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), one]);
  }
  const rank = ({ severity, layer: at }: Finding): number => (severity === 'failure' ? 0 : 100) + LAYERS.indexOf(at);
  return [...kinds.values()]
    .flatMap(([first, ...others]) => {
      if (first === undefined) return [];
      return others.length === 0 ? [first] : [{ ...first, says: `${first.says} (and ${others.length} more like it)` }];
    })
    .sort((a, b) => rank(a) - rank(b));
}
