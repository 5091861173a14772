import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { atomicWrite, removeLeftovers } from '@arleo/core/fs/atomic-write';
import type { Log } from '@arleo/runtime/logging/log';
import * as z from 'zod';

const stateSchema = z.object({
  /** Delivery ids that were taken, oldest first. */
  seen: z.array(z.string()).default([]),
  /** Pushes that were taken, ever. */
  taken: z.number().int().nonnegative().default(0),
  /** Of these, how many hugo-mcp-server was told of. */
  told: z.number().int().nonnegative().default(0),
  /** When the last rebuild was begun, in milliseconds since 1970; 0 before the first. */
  begun_at: z.number().nonnegative().default(0),
  /** Request id of the newest push. */
  request_id: z.string().optional(),
});

/** What is to outlast a restart. */
export type Owed = z.output<typeof stateSchema>;

/** As many delivery ids are remembered: GitHub lets the owner have one delivered again for three days. */
export const SEEN_DELIVERIES = 1000;

/** Keeps {@link Owed} in a file. */
export interface OwedState {
  current(): Owed;
  /** On disk when it resolves; rejects with the file system's error, and then nothing has changed. */
  save(next: Owed): Promise<void>;
}

/** Opens the state in this folder. A file that is damaged counts as none, with a line in the log. */
export async function openOwedState(dir: string, log: Log): Promise<OwedState> {
  await mkdir(dir, { recursive: true, mode: 0o750 });
  const file = path.join(dir, 'webhook.json');
  await removeLeftovers(file);
  let state = await readState(file, log);
  return {
    current: () => state,
    async save(next) {
      const bounded = { ...next, seen: next.seen.slice(-SEEN_DELIVERIES) };
      await atomicWrite(file, `${JSON.stringify(bounded)}\n`);
      state = bounded;
    },
  };
}

async function readState(file: string, log: Log): Promise<Owed> {
  try {
    return stateSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== undefined && code !== 'ENOENT') throw error;
    if (code === undefined) log.error('the state of the webhook is damaged: it begins anew', { file });
    return stateSchema.parse({});
  }
}
