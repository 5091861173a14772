import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { atomicWrite } from '../fs/atomic-write.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** As many hosts of hugo-mcp-proxy are remembered. */
export const MAX_CLIENTS = 32;

const stateSchema = z.object({
  /** The certificate in force. */
  present: sha256,
  /** The one that takes its place. */
  next: sha256.nullable(),
  /** Since when all that call, each with its token, have called by the next one; null while one has not. */
  next_in_use_since: z.iso.datetime().nullable(),
  /** Who has called, each with its token, since the service was started. */
  clients: z
    .array(
      z.object({
        address: z.string().max(64),
        /** By which certificate it called last. */
        by: sha256,
        /** What it says that it has pinned. */
        pins: z.array(sha256).max(4),
        /** Since when that is so. */
        since: z.iso.datetime(),
      }),
    )
    .max(MAX_CLIENTS),
});

/** What hugo-mcp-server knows of its certificates' use, for `arleo` on the same host. */
export type RenewalState = z.infer<typeof stateSchema>;

const fileName = 'certificate.json';

/** Undefined if there is none yet, or it is damaged: it is made again by the running service. */
export async function readRenewalState(stateDir: string): Promise<RenewalState | undefined> {
  try {
    return stateSchema.parse(JSON.parse(await readFile(path.join(stateDir, fileName), 'utf8')));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== undefined && code !== 'ENOENT') throw error;
    return undefined;
  }
}

/** Whole or not at all. */
export function writeRenewalState(stateDir: string, state: RenewalState): Promise<void> {
  return atomicWrite(path.join(stateDir, fileName), `${JSON.stringify(state)}\n`, { mode: 0o640 });
}
