import type { Log } from '@arleo/runtime/logging/log';
import type { Publisher } from '../build/publisher.ts';
import { newReleaseId, type Releases } from '../build/releases.ts';
import type { LiveVersions } from './live-version.ts';
import { recover } from './recover.ts';
import { createWriter } from './writer.ts';
import type { Writer, WriterOptions } from './writer-contract.ts';

/** What the writer is made of, as the site has it. */
export interface OpenWriterOptions
  extends Pick<
    WriterOptions,
    | 'library'
    | 'history'
    | 'journal'
    | 'answers'
    | 'builds'
    | 'tellOutcome'
    | 'tellAgain'
    | 'stopBuilding'
    | 'answerWithinMs'
  > {
  releases: Pick<Releases, 'live'>;
  publisher: Pick<Publisher, 'publish'>;
  liveVersions: Pick<LiveVersions, 'prepare'>;
  /** Resolves when the site can be read. */
  readable(): Promise<void>;
  log: Log;
}

/** The writer of a site on disk: what it does that is worth a line in the log is in the log. */
export function openWriter(all: OpenWriterOptions): Writer {
  const { releases, publisher, liveVersions, readable, log, ...options } = all;
  const { library, history, journal } = options;
  const { site } = library;
  return createWriter({
    ...options,
    newBuildId: newReleaseId,
    async publish(commit, id) {
      // Behind the build, which takes longer.
      if (commit !== undefined) void liveVersions.prepare(commit);
      const result = await publisher.publish(commit, id);
      const { build_ms, pages } = result.release;
      log.info('a release is live', { release: id, build_ms, pages });
      return result;
    },
    async recover() {
      await readable();
      const found = await recover(library, history, journal, (await releases.live())?.commit);
      for (const [what, changes] of Object.entries({
        ...found,
        made: found.made.map(({ change }) => change),
        waiting: found.waiting.map(({ change }) => change),
      })) {
        const messages = changes.map(({ message }: { message: string }) => message);
        if (messages.length > 0) log.warn('changes were interrupted', { what, changes: messages });
      }
      return found;
    },
    async liveBuild() {
      const release = await releases.live();
      // Addresses are part of an outcome.
      await site.refreshPages().catch(() => undefined);
      return release && { release, warnings: [] };
    },
    onError: (message, error) => log.error(message, { error }),
  });
}
