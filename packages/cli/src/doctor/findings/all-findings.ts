import type { FindingEntry } from './finding.ts';
import { HOST_FINDINGS } from './host.ts';
import { SERVICE_FINDINGS } from './services.ts';
import { WAY_FINDINGS } from './way.ts';

const findings = { ...WAY_FINDINGS, ...SERVICE_FINDINGS, ...HOST_FINDINGS };

/** The stable name of a kind of fault. */
export type FindingCode = keyof typeof findings;

/** Every kind of fault that doctor recognises. */
export const FINDINGS: Readonly<Record<FindingCode, FindingEntry>> = findings;
