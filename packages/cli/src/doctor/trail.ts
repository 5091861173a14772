import { setTimeout as pause } from 'node:timers/promises';
import { printable } from '../terminal/printable.ts';
import { FINDINGS, type FindingCode } from './findings/all-findings.ts';
import type { Layer } from './findings/finding.ts';
import { type Finding, type Step, worstOf } from './report.ts';

/** A fault as a verdict tells it. */
export interface Found {
  code: FindingCode;
  /** What was seen. It may hold words of strangers. */
  says: string;
  /** In the place of the table's, where more is known. */
  layer?: Layer;
  mend?: string;
}

/** What a look at one thing gave. */
export interface Seen<T = undefined> {
  /** What was seen, in a line. */
  says: string;
  found?: readonly Found[];
  /** For the steps that come after it. */
  value?: T;
}

/** Keeps what is seen, in order; every step has an end. */
export interface Trail {
  /**
   * Looks at one thing. Whatever the look does, it ends: it is given up after `ms`, and all of them after doctor's own limit.
   *
   * @returns what was seen; undefined if the look failed or there was no time
   */
  look<T>(
    layer: Layer,
    name: string,
    ms: number,
    probe: (signal: AbortSignal) => Promise<Seen<T>>,
  ): Promise<Seen<T> | undefined>;
  /** Notes what another look has shown, too; null for `ms` where it took no time of its own. */
  note(layer: Layer, name: string, ms: number | null, seen: Seen<unknown>): void;
  /** Notes what is not looked at, and why. */
  skip(layer: Layer, name: string, why: string): void;
  /** Words of strangers must never carry it. */
  hide(secret: string): void;
  steps(): Step[];
  findings(): Finding[];
}

/** The longest line that is kept of what was seen. */
const maxLine = 400;

/**
 * @param limitMs when everything ends
 * @param progress is told what is looked at next
 */
export function openTrail(limitMs: number, progress: (layer: Layer, name: string) => void): Trail {
  const steps: Step[] = [];
  const findings: Finding[] = [];
  const secrets: string[] = [];
  const end = performance.now() + limitMs;
  const clean = (text: string): string =>
    printable(
      secrets.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text),
      maxLine,
    );

  const note = (layer: Layer, name: string, ms: number | null, { says, found = [] }: Seen<unknown>): void => {
    const mine = found.map((one): Finding => {
      const { layer: at, severity, why, mend } = FINDINGS[one.code];
      return {
        code: one.code,
        layer: one.layer ?? at,
        severity,
        says: clean(one.says),
        why,
        mend: clean(one.mend ?? mend),
      };
    });
    findings.push(...mine);
    steps.push({ layer, name, state: worstOf(mine), ms, says: clean(says) });
  };

  return {
    note,
    async look(layer, name, ms, probe) {
      const left = end - performance.now();
      if (left < 100) {
        note(layer, name, null, { says: 'no time left', found: [{ code: 'out_of_time', says: `${layer}: ${name}` }] });
        return undefined;
      }
      progress(layer, name);
      const started = performance.now();
      const within = Math.min(ms, left);
      const signal = AbortSignal.timeout(within);
      const over = new AbortController();
      try {
        const seen = await Promise.race([
          probe(signal),
          // A probe that does not heed its signal is left alone.
          pause(within + 200, undefined, { signal: over.signal }).then(() => {
            throw new Error(`no end within ${(within / 1000).toFixed(1)} s`);
          }),
        ]);
        note(layer, name, Math.round(performance.now() - started), seen);
        return seen;
      } catch (error) {
        const says = error instanceof Error ? error.message : String(error);
        const found = [{ code: 'probe_failed' as const, says: `${layer}: ${name}: ${says}` }];
        note(layer, name, Math.round(performance.now() - started), { says, found });
        return undefined;
      } finally {
        over.abort();
      }
    },
    skip: (layer, name, why) => {
      steps.push({ layer, name, state: 'skipped', ms: null, says: clean(why) });
    },
    hide: (secret) => {
      if (secret.length >= 8) secrets.push(secret);
    },
    steps: () => steps,
    findings: () => findings,
  };
}
