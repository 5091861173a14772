import { VERSION } from '@arleo/core/version';
import type { Layer } from './findings/finding.ts';
import { inOrder, type Report, worstOf } from './report.ts';
import { openTrail, type Trail } from './trail.ts';

/** All of doctor ends after this, in milliseconds. */
export const LIMIT_MS = 60_000;

/**
 * Looks, and tells what was seen.
 *
 * @param target the address that the report names
 * @param progress is told what is looked at next
 */
export async function examine(
  target: () => URL | undefined,
  look: (trail: Trail) => Promise<void>,
  progress: (layer: Layer, name: string) => void,
): Promise<Report> {
  const started = new Date();
  const begun = performance.now();
  const trail = openTrail(LIMIT_MS, progress);
  await look(trail);
  const findings = inOrder(trail.findings());
  return {
    schema: 1,
    version: VERSION,
    started_at: started.toISOString(),
    duration_ms: Math.round(performance.now() - begun),
    target: target()?.href ?? null,
    worst: worstOf(findings),
    steps: trail.steps(),
    findings,
  };
}
