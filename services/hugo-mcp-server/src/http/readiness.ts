import { access, constants } from 'node:fs/promises';
import { ArleoError } from '@arleo/core/errors';
import type { TokenStore } from '@arleo/core/tokens/token-store';
import type { Readiness } from '@arleo/runtime/http/health';
import type { Hugo } from '../site/hugo-command.ts';

export interface ReadinessOptions {
  hugo: Hugo;
  siteDir: string;
  /** Fails with the reason while pages cannot be read. */
  readable(): Promise<void>;
  tokens: Pick<TokenStore, 'ready' | 'problem'>;
}

/** How long the word on Hugo is believed, in milliseconds: /readyz is asked often. */
const believeMs = 5_000;

/** What `/readyz` says: tokens can be checked, the site is there and can be read, and Hugo runs. */
export function createReadiness(options: ReadinessOptions): () => Promise<Readiness> {
  const { hugo, siteDir, readable, tokens } = options;
  let asked: { at: number; problem: Promise<string | undefined> } | undefined;

  const hugoProblem = () => {
    const now = performance.now();
    if (asked === undefined || now - asked.at > believeMs) {
      asked = { at: now, problem: hugo.version().then(() => undefined, sentence) };
    }
    return asked.problem;
  };

  return async () => {
    const [site, program] = await Promise.all([
      access(siteDir, constants.R_OK | constants.X_OK).then(
        () => readable().then(() => undefined, sentence),
        () => `The site ${siteDir} is not there, or may not be read.`,
      ),
      hugoProblem(),
    ]);
    const token = tokens.ready() ? undefined : (tokens.problem()?.message ?? 'The token file cannot be used.');
    const problems = [...new Set([token, program, site])].filter((problem) => problem !== undefined);
    return { ready: problems.length === 0, problems };
  };
}

function sentence(error: unknown): string {
  if (!(error instanceof ArleoError)) return String(error);
  return error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
}
