import path from 'node:path';
import type { Log } from '@arleo/runtime/logging/log';
import type { Lifecycle } from '@arleo/runtime/serve/lifecycle';
import type { Releases } from '../build/releases.ts';
import type { SiteFacts } from '../site/site-facts.ts';
import { type Announcer, openAnnouncer } from './announcer.ts';
import { deployCommand } from './deploy-command.ts';
import type { PublishPlugin } from './plugin.ts';

/** Who is told of releases. */
export interface PublishingConfig {
  plugins: readonly PublishPlugin[];
  /** The owner's command that brings a release elsewhere. */
  deploy: { argv: readonly [string, ...string[]]; timeoutMs: number } | undefined;
}

export interface PublishingOptions extends PublishingConfig {
  releases: Pick<Releases, 'live' | 'dirOf' | 'hold'>;
  facts(): SiteFacts;
  /** Resolves when `facts` are those of the site. */
  ready(): Promise<void>;
  stateDir: string;
  searchPath: string;
  log: Log;
  lifecycle: Lifecycle;
}

/** Opens what tells others of releases. */
export async function openPublishing(options: PublishingOptions): Promise<Announcer> {
  const { releases, stateDir, searchPath, log, lifecycle } = options;
  const { dirOf } = releases;
  const deploy =
    options.deploy &&
    deployCommand({
      ...options.deploy,
      searchPath,
      home: path.join(stateDir, 'home'),
      dirOf,
      onOutput: (output) => log.warn('DEPLOY_CMD failed', { output }),
    });
  const announcer = await openAnnouncer({
    hold: releases.hold,
    deploy,
    plugins: options.plugins,
    dirOf,
    facts: options.facts,
    ready: options.ready,
    file: path.join(stateDir, 'announced.json'),
    current: await releases.live(),
    onError: (message, error) => log.error(message, { error }),
  });
  lifecycle.onClose('publishing', () => {
    deploy?.close();
    return announcer.close();
  });
  return announcer;
}
