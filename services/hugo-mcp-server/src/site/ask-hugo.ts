import { ArleoError } from '@arleo/core/errors';
import type { Hugo } from './hugo-command.ts';
import { parseHugoConfig } from './hugo-config.ts';
import { type ListedPage, parseHugoList } from './hugo-list.ts';
import { hugoMessages } from './hugo-messages.ts';
import { parseModules, parseMounts } from './hugo-mounts.ts';
import type { SiteFacts } from './site-facts.ts';

/** Where Hugo may put what it makes when it is only asked. */
export interface AskOptions {
  siteDir: string;
  /** A folder for throw-away output; outside the site. */
  scratchDir: string;
}

/**
 * Asks Hugo for languages, time zone, base URL and content folders.
 *
 * @throws {@link ArleoError} `hugo_missing`, `hugo_timeout`, or `site_config_invalid` with Hugo's own lines
 */
export async function askFacts(hugo: Hugo, options: AskOptions): Promise<SiteFacts> {
  const env = scratch(options);
  const [config, mounts] = await Promise.all([hugo.run(['config'], { env }), hugo.run(['config', 'mounts'], { env })]);
  for (const run of [config, mounts]) {
    if (run.code === 0) continue;
    const lines = hugoMessages(run, options.siteDir).errors;
    throw new ArleoError('site_config_invalid', `Hugo cannot read the site's configuration. ${lines.join('\n')}`, {
      hint: 'Run `hugo config` in the site to see the same message, and mend the configuration there.',
    });
  }
  const roots = parseMounts(mounts.stdout, 'content');
  const staticRoots = parseMounts(mounts.stdout, 'static');
  return {
    ...parseHugoConfig(config.stdout),
    roots: roots.length > 0 ? roots : [{ dir: 'content', prefix: '' }],
    staticRoots,
    modules: parseModules(mounts.stdout),
  };
}

/**
 * Asks Hugo for every page's URL. Empty if Hugo cannot say at the moment (a page that it cannot read stops it): URLs
 * are then not known, which is no reason to fail what needed them.
 *
 * @throws {@link ArleoError} `hugo_missing`, `hugo_timeout`
 */
export async function askPages(
  hugo: Pick<Hugo, 'run'>,
  options: AskOptions & {
    /** Another folder with the site; `siteDir` if absent. */
    source?: string;
    env?: Record<string, string>;
  },
): Promise<Map<string, ListedPage>> {
  const { source, env } = options;
  const args = ['list', 'all', ...(source === undefined ? [] : ['--source', source])];
  const run = await hugo.run(args, { env: { ...scratch(options), ...env }, timeoutMs: 60_000 });
  return run.code === 0 ? parseHugoList(run.stdout) : new Map();
}

/** Older versions make `public` and `resources` even to print a list; they shall not make them in the site. */
function scratch({ scratchDir }: AskOptions): Record<string, string> {
  return { HUGO_PUBLISHDIR: `${scratchDir}/public`, HUGO_RESOURCEDIR: `${scratchDir}/resources` };
}
