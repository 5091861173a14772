import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { ArleoError } from '@arleo/core/errors';
import { atomicWrite } from '@arleo/core/fs/atomic-write';
import * as z from 'zod';

/** Names one call of one caller: what its `idempotency_key` and its arguments come to. */
export const answerKeySchema = z.object({
  /** SHA-256 of caller and key: the name under which the answer is kept. */
  id: z.string().regex(/^[0-9a-f]{64}$/),
  /** SHA-256 of tool and arguments. */
  fingerprint: z.string(),
});

export type AnswerKey = z.infer<typeof answerKeySchema>;

const answerSchema = z.object({ ...answerKeySchema.shape, at: z.iso.datetime(), outcome: z.unknown() });
type Answer = z.infer<typeof answerSchema>;

/** How long an answer is kept, in milliseconds, and how many are: the oldest go first. */
const keepMs = 24 * 3600_000;
const maxAnswers = 1000;

/** Answers of writes that were asked for with a key, so that the same call again is not made again. */
export interface Answers {
  /**
   * Runs a call once: the same call again, also while the first is under way, has the first one's outcome. A call that
   * fails changed nothing and is forgotten.
   * @param again tells an outcome that was kept as things are now; undefined runs the call anew
   * @throws {@link ArleoError} `idempotency_mismatch` if the key came with other arguments before
   */
  once<Outcome>(
    key: AnswerKey | undefined,
    run: () => Promise<Outcome>,
    again?: (kept: Outcome) => Promise<Outcome | undefined>,
  ): Promise<Outcome>;
  /** The outcome that is kept under a key; undefined if there is none. */
  kept(key: AnswerKey): unknown;
  /** Keeps an outcome, on disk too, in the place of an earlier one. */
  keep(key: AnswerKey, outcome: unknown): Promise<void>;
  /** Forgets the outcome of a change that was taken back. */
  forget(key: AnswerKey): Promise<void>;
}

/** The key of a call. The arguments are those that the tool was called with, less the key itself. */
export function answerKey(
  caller: { sub: string; clientId: string },
  key: string,
  tool: string,
  args: Record<string, unknown>,
): AnswerKey {
  const { idempotency_key: _, ...rest } = args;
  return { id: sha256([caller.sub, caller.clientId, key]), fingerprint: sha256([tool, rest]) };
}

/**
 * @param options.dir one file for each answer; made if it is not there
 * @param options.onError told when an answer cannot be kept on disk: it is then kept in memory only
 */
export async function openAnswers(options: {
  dir: string;
  now?: () => number;
  onError(message: string, error: unknown): void;
}): Promise<Answers> {
  const { dir, now = Date.now } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const running = new Map<string, { fingerprint: string; outcome: Promise<unknown> }>();
  /** The oldest first. */
  const known = new Map<string, Answer>();
  const fileOf = (id: string) => path.join(dir, `${id}.json`);

  const drop = async (id: string) => {
    known.delete(id);
    await rm(fileOf(id), { force: true }).catch((error: unknown) => options.onError('an answer stays on disk', error));
  };
  const expire = async () => {
    for (const [id, { at }] of known) {
      if (known.size <= maxAnswers && now() - Date.parse(at) < keepMs) return;
      await drop(id);
    }
  };

  const read: Answer[] = [];
  for (const name of await readdir(dir)) {
    const answer = name.endsWith('.json') ? await readAnswer(path.join(dir, name)) : undefined;
    if (answer === undefined) await rm(path.join(dir, name), { force: true });
    else read.push(answer);
  }
  for (const answer of read.sort((a, b) => (a.at < b.at ? -1 : 1))) known.set(answer.id, answer);
  await expire();

  const find = ({ id, fingerprint }: AnswerKey) => {
    const found = known.get(id);
    if (found === undefined || now() - Date.parse(found.at) >= keepMs) return undefined;
    if (found.fingerprint !== fingerprint) throw mismatch();
    return found;
  };

  return {
    async once<Outcome>(
      key: AnswerKey | undefined,
      run: () => Promise<Outcome>,
      again: (kept: Outcome) => Promise<Outcome | undefined> = async (kept) => kept,
    ): Promise<Outcome> {
      if (key === undefined) return run();
      const under = running.get(key.id);
      if (under !== undefined) {
        if (under.fingerprint !== key.fingerprint) throw mismatch();
        return under.outcome as Promise<Outcome>;
      }
      const found = find(key);
      const outcome = (async () => {
        const told = found === undefined ? undefined : await again(found.outcome as Outcome);
        return told ?? run();
      })();
      running.set(key.id, { fingerprint: key.fingerprint, outcome });
      try {
        return await outcome;
      } finally {
        running.delete(key.id);
      }
    },
    kept: (key) => find(key)?.outcome,
    async keep(key, outcome) {
      const answer: Answer = { ...key, at: new Date(now()).toISOString(), outcome };
      known.delete(key.id);
      known.set(key.id, answer);
      await atomicWrite(fileOf(key.id), JSON.stringify(answer)).catch((error: unknown) =>
        options.onError('an answer is kept in memory only', error),
      );
      await expire();
    },
    forget: ({ id }) => drop(id),
  };
}

async function readAnswer(file: string): Promise<Answer | undefined> {
  try {
    return answerSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}

function mismatch(): ArleoError {
  return new ArleoError('idempotency_mismatch', 'This idempotency_key came with other arguments before.', {
    hint: 'A key names one call. Nothing was changed now; give a new key for a new call.',
  });
}

function sha256(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex');
}

/** The order in which a client writes members down makes no other call. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return ['list', ...value.map(sorted)];
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return ['object', ...members.map(([key, item]) => [key, sorted(item)])];
}
