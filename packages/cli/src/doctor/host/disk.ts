import type { DiskState } from '@arleo/runtime/http/ready-details';
import type { Found } from '../trail.ts';
import { runProgram } from './run-program.ts';

/** Milliseconds until a disk is taken for one that hangs. */
const ANSWER_MS = 3_000;
/** Less room than this is none, in bytes: as /readyz has it. */
const FULL_BYTES = 8 * 1024 * 1024;

/**
 * Looks at the disk of a folder by programs of their own: on a disk that hangs this process would hang, too, and not even end.
 * Setting the times of the folder to what they are writes without a trace.
 */
export async function lookAtDisk(folder: string): Promise<DiskState> {
  const unknown = { folder, free_bytes: null, total_bytes: null };
  const shown = await runProgram('stat', ['--file-system', '--format=%a %b %S %c %d', folder], ANSWER_MS);
  if (shown === undefined) return { ...unknown, state: 'hangs' };
  const numbers = shown.stdout.trim().split(' ').map(Number);
  const [free = Number.NaN, total = Number.NaN, size = Number.NaN, files = 0, freeFiles = 0] = numbers;
  if (shown.status !== 0 || Number.isNaN(size)) return { ...unknown, state: 'missing' };
  const room = { folder, free_bytes: free * size, total_bytes: total * size };
  const written = await runProgram('touch', ['--no-create', `--reference=${folder}`, folder], ANSWER_MS);
  if (written === undefined) return { ...room, state: 'hangs' };
  if (written.status !== 0 && (await isReadOnly(folder))) return { ...room, state: 'read_only' };
  // Some file systems do not count files: they say 0 of 0.
  const full = room.free_bytes < FULL_BYTES || (files > 0 && freeFiles === 0);
  return { ...room, state: full ? 'full' : 'ok' };
}

/** `touch` fails for whoever does not own the folder, too: only the mount itself tells. */
async function isReadOnly(folder: string): Promise<boolean> {
  const shown = await runProgram('findmnt', ['--noheadings', '--output=OPTIONS', '--target', folder], ANSWER_MS);
  // Of mounts over each other the last one counts.
  const options = shown?.stdout.trim().split('\n').at(-1) ?? '';
  return options.split(',').includes('ro');
}

/** Warned of below both. */
const LOW_SHARE = 0.05;
const LOW_BYTES = 2 * 1024 ** 3;

/** What is wrong with disks. @param whose the host or the service that told of them */
export function judgeDisks(disks: readonly DiskState[], whose: string): Found[] {
  return disks.flatMap(({ folder, state, free_bytes: free, total_bytes: total }): Found[] => {
    const room = free === null || total === null ? '' : `, ${megabytes(free)} of ${megabytes(total)} free`;
    const says = `${whose}: ${folder}${room}`;
    if (state === 'hangs') return [{ code: 'disk_hangs', says }];
    if (state === 'full') return [{ code: 'disk_full', says }];
    if (state === 'read_only') return [{ code: 'disk_read_only', says }];
    if (state === 'missing') return [{ code: 'folder_missing', says }];
    const low = free !== null && total !== null && free < LOW_BYTES && free < total * LOW_SHARE;
    return low ? [{ code: 'disk_low', says }] : [];
  });
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 ** 2)} MiB`;
}
