import { ArleoError } from '@arleo/core/errors';
import type { TokenStore } from '@arleo/core/tokens/token-store';
import type { Standing } from '@arleo/runtime/disks/standing';
import type { Readiness } from '@arleo/runtime/http/health';
import type { ReadyDetails } from '@arleo/runtime/http/ready-details';
import type { BuildRecord } from '../build/build-log.ts';
import type { LastPublished } from '../publish/announcer.ts';
import type { Hugo } from '../site/hugo-command.ts';

export interface ReadinessOptions {
  hugo: Hugo;
  /** Disks and clock; the site's among them. */
  standing(): Promise<Standing>;
  /** What else is told of the site to those who may know. */
  site(): Pick<ReadyDetails, 'last_build' | 'last_published'>;
  /** Fails with the reason while pages cannot be read. */
  readable(): Promise<void>;
  tokens: Pick<TokenStore, 'ready' | 'problem'>;
}

/** How long the word on Hugo is believed, in milliseconds: /readyz is asked often. */
const believeMs = 5_000;

/** How long reading the site may take until /readyz says that it hangs, in milliseconds. */
const readMs = 1_500;

/** What `/readyz` says: tokens can be checked, the site is there and can be read, and Hugo runs. Always in time. */
export function createReadiness(options: ReadinessOptions): () => Promise<Readiness> {
  const { hugo, standing, site, readable, tokens } = options;
  let asked: { at: number; version: Promise<{ version: string } | { problem: string }> } | undefined;

  const hugoVersion = () => {
    const now = performance.now();
    if (asked === undefined || now - asked.at > believeMs) {
      const version = hugo.version().then(
        (line) => ({ version: line }),
        (error: unknown) => ({ problem: sentence(error) }),
      );
      asked = { at: now, version };
    }
    return asked.version;
  };

  return async () => {
    const [{ problems: below, details }, program, unread] = await Promise.all([
      standing(),
      inTime(hugoVersion(), { problem: 'Hugo does not say its version in time.' }),
      inTime(
        readable().then(() => undefined, sentence),
        'The site cannot be read in time.',
      ),
    ]);
    const token = tokens.ready() ? undefined : (tokens.problem()?.message ?? 'The token file cannot be used.');
    const own = [token, 'problem' in program ? program.problem : undefined, unread];
    const problems = [...new Set([...own, ...below])].filter((problem) => problem !== undefined);
    const known = { ...details, ...site(), hugo: 'version' in program ? program.version : null };
    return { ready: problems.length === 0, problems, details: known };
  };
}

/** The last build and the last publishing as /readyz tells them. */
export function siteDetails(
  build: BuildRecord | undefined,
  told: LastPublished | undefined,
): Pick<ReadyDetails, 'last_build' | 'last_published'> {
  const last = build && { id: build.id, state: build.state, started_at: build.started_at };
  return {
    last_build: last === undefined ? null : { ...last, error: build?.error?.message ?? null },
    last_published:
      told === undefined
        ? null
        : {
            release: told.release,
            published: told.published.map(({ plugin, ok, detail }) => ({ plugin, ok, detail })),
          },
  };
}

function inTime<T>(promise: Promise<T>, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), readMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function sentence(error: unknown): string {
  if (!(error instanceof ArleoError)) return String(error);
  return error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
}
