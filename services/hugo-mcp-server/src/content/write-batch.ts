import { isArleoError } from '@arleo/core/errors';
import { BuildError, type BuildResult } from '../build/build-site.ts';
import { applyEdits, changedMeanwhile, changedSince, undoEdits } from './apply-edits.ts';
import { changesNothing, filesOf, type PlannedChange } from './change.ts';
import { type Applied, createEarlyAnswer } from './early-answer.ts';
import { takenBackMessage } from './history-log.ts';
import type { JournalChange } from './journal.ts';
import { createRecordedBuild } from './recorded-build.ts';
import type { InterruptedChange, Recovered } from './recover.ts';
import { inWords, liveUntold, notWritten, siteBusy, takenBack, withLines } from './write-failure.ts';
import { answer, type BuildJob, type ChangeJob, type Job, refuse } from './write-job.ts';
import type { MadeChange, WriteOutcome } from './write-outcome.ts';
import { commitsOf, jobAgain, journalChange, takenBackToWait, withOvertaking } from './write-record.ts';
import type { WriterOptions } from './writer-contract.ts';

/** Makes changes, builds them and settles them, one batch at a time; it keeps no queue. */
export interface Batches {
  /** Puts right what a crash left, and takes what was changed by hand into the history. */
  prepare(): Promise<void>;
  /** Makes and builds these changes together, for these and for those who asked for a build. */
  run(jobs: readonly Job[]): Promise<void>;
  /** Builds what is on disk for nobody's change. @throws as the build */
  build(): Promise<BuildResult>;
  /** The id of the build under way. */
  building(): string | undefined;
  /** False if what is on disk may be half way: then the next {@link Batches.prepare} puts it right first. */
  isWhole(): boolean;
  /** What is on disk may be half way. */
  distrust(): void;
  /** True if a change that its caller was told of is neither live nor taken back. */
  owes(): boolean;
}

/**
 * When a shared build fails, all of its changes are taken back and each is tried alone, so that one bad page never costs
 * anybody else's.
 *
 * @param isClosed true when the service is stopping: a build whose callers have their answer is not waited for then
 */
export function createBatches(options: WriterOptions, isClosed: () => boolean): Batches {
  const { library, history, journal, answers, builds, tellOutcome } = options;
  const recorded = createRecordedBuild(options);
  /** What the journal holds: changes that are neither live nor taken back for good. */
  const open = new Map<ChangeJob, JournalChange>();
  let recovered = false;

  const saveJournal = async () => {
    if (open.size > 0) return journal.write({ changes: [...open.values()] });
    return journal.clear();
  };

  const prepare = async () => {
    if (!recovered) {
      await history.unlock();
      const found = await options.recover();
      recovered = true;
      await resume(found).catch((error: unknown) => {
        recovered = false;
        throw error;
      });
    }
    // What is on disk before a change is what the change can be taken back to. The watch says too little to spare this
    // look: it is blind on network file systems and where a folder was replaced.
    await history.commitFolders(
      library.site.facts().roots.map(({ dir }) => dir),
      (await history.head()) === undefined ? 'Content as it was found' : 'Changed by hand',
    );
  };

  /** Goes on with what a crash interrupted after its caller had an answer, and settles the rest. */
  const resume = async ({ takenBack, live, made, waiting: alone }: Recovered) => {
    open.clear();
    if (takenBack.length + live.length + made.length + alone.length === 0) return;
    for (const change of takenBack) {
      for (const commit of commitsOf(change)) {
        await builds.settle(commit, 'taken_back', 'The service ended before it was live.');
      }
    }
    const build = live.length === 0 ? undefined : await options.liveBuild();
    for (const change of live) await settle(change, build);
    const again = ({ change, planned }: InterruptedChange): Applied => {
      const job = jobAgain(change, planned);
      open.set(job, change);
      return { job, planned, change };
    };
    const applied = made.map(again);
    const toTry = alone.map(again);
    await saveJournal();
    if (applied.length > 0) await publishBatch(applied, []);
    for (const { job } of toTry) await runBatch([job]);
  };

  /** Plans, writes and commits one change; what refuses it is told to its caller. */
  const apply = async (job: ChangeJob): Promise<Applied | undefined> => {
    const kept = job.key === undefined ? undefined : answers.kept(job.key);
    if (kept !== undefined && !open.has(job)) {
      answer(job, await options.tellAgain(kept as WriteOutcome));
      return undefined;
    }
    let planned: PlannedChange;
    try {
      planned = await job.plan(library);
      if (changesNothing(planned)) {
        answer(job, await settle({ ...planned, key: job.key }, undefined));
        await over(job);
        return undefined;
      }
    } catch (error) {
      await fail(job, error);
      return undefined;
    }
    let change: JournalChange;
    try {
      // Somebody may have saved one of the files since all content was taken into the history, and files that are no
      // content enter it only now.
      await history.commitStale(planned.edits, 'Changed by hand');
      change = await journalChange(planned, job, open.get(job), history);
    } catch (error) {
      // One that was acknowledged stays in the journal, and is tried again.
      if (open.has(job)) throw error;
      if (isArleoError(error, 'git_failed')) recovered = false;
      await fail(job, notWritten(error));
      return undefined;
    }
    // The last look before the first byte: its time may have been up while it was planned.
    if (job.withdrawn) return drop(job);
    job.waiting = false;
    open.set(job, change);
    try {
      await saveJournal();
      await applyEdits(library, planned);
      change.commit = await history.commitFiles(filesOf(planned), planned.message, job.author);
      if (change.commit !== undefined) job.commits.push(change.commit);
      const changed = await changedSince(library, planned);
      if (changed !== undefined) throw changedMeanwhile(changed);
      job.progress('Written and committed');
      return { job, planned, change };
    } catch (error) {
      // A git that died may have left a lock that stops every later one.
      if (isArleoError(error, 'git_failed')) recovered = false;
      await undo({ job, planned, change });
      await fail(job, notWritten(error));
      return undefined;
    }
  };

  /** Takes a change off the disk; what somebody wrote into its files meanwhile stays, as theirs. */
  const undo = async ({ job, planned }: Applied) => {
    const left = await undoEdits(library, planned);
    await history.commitFiles(left, 'Changed by hand');
    await history.commitFiles(filesOf(planned), takenBackMessage(planned.message), job.author);
    job.waiting = true;
  };

  /** A change that is over takes no part in the journal any more. */
  const over = async (job: ChangeJob) => {
    if (open.delete(job)) await saveJournal();
  };

  /** The end of a change whose caller was told that its turn did not come. */
  const drop = async (job: ChangeJob) => {
    await fail(job, siteBusy(undefined));
    return undefined;
  };

  /** The end of a change that was not made. */
  const fail = async (job: ChangeJob, error: unknown) => {
    await over(job);
    for (const commit of job.commits) await builds.settle(commit, 'taken_back', inWords(error));
    // What a withdrawn one's key has is the outcome of an earlier call.
    if (job.key !== undefined && job.answered && !job.withdrawn) await answers.forget(job.key);
    // It has no commit, and so the log of builds does not know it.
    if (job.answered && !job.withdrawn && job.commits.length === 0) {
      options.onError('a change was not made after its caller was answered', error);
    }
    refuse(job, error);
  };

  /** Tells and keeps the outcome of a change that is made. */
  const settle = async (
    change: MadeChange & Pick<JournalChange, 'key' | 'earlier'>,
    build: BuildResult | undefined,
  ): Promise<WriteOutcome> => {
    const outcome = await tellOutcome(change, build);
    if (change.key !== undefined) await answers.keep(change.key, outcome);
    if (change.commit !== undefined) for (const one of commitsOf(change)) await builds.settle(one, 'live');
    return outcome;
  };

  const runBatch = async (jobs: readonly Job[]): Promise<void> => {
    await prepare();
    const applied: Applied[] = [];
    for (const job of jobs) {
      if (job.plan === undefined) continue;
      const done = await (job.withdrawn ? drop(job) : apply(job));
      if (done !== undefined) applied.push(done);
    }
    const asked = jobs.filter((job): job is BuildJob => job.plan === undefined && !job.answered);
    if (applied.length + asked.length > 0) await publishBatch(applied, asked);
  };

  /** Builds what is on disk, for these changes and for those who asked for a build. */
  const publishBatch = async (applied: readonly Applied[], asked: readonly BuildJob[]): Promise<void> => {
    const jobs: Job[] = [...applied.map(({ job }) => job), ...asked];
    for (const job of asked) job.waiting = false;
    // With the commits in it: what was made can be told and put right from it.
    if (applied.length > 0) await saveJournal();
    let built: BuildResult | undefined;
    let failure: unknown;
    const early = createEarlyAnswer({
      applied,
      asked,
      answers,
      tellOutcome,
      async acknowledge() {
        for (const { change } of applied) change.acknowledged = true;
        await saveJournal();
      },
      onAnswered: () => isClosed() && options.stopBuilding(),
      onError: options.onError,
    });
    try {
      built = await recorded.build(applied, jobs, early);
    } catch (error) {
      failure = error;
    }
    for (const job of jobs) job.answerEarly = undefined;
    await early.done();
    if (built === undefined) {
      // What is committed and acknowledged is built at the next start, as after a crash; the rest is taken back then.
      if (isArleoError(failure, 'shutting_down') && applied.some(({ change }) => change.acknowledged)) return;
      return giveUp(applied, asked, failure);
    }
    await tellLive(applied, built);
    for (const job of asked) answer(job, { build: built });
  };

  /** Tells of changes that are live: whatever fails now, none of them was "not made". */
  const tellLive = async (applied: readonly Applied[], built: BuildResult): Promise<void> => {
    const told: (() => void)[] = [];
    try {
      for (const { job, planned, change } of applied) {
        const outcome = await settle(change, await withOvertaking(library, planned, built));
        told.push(() => answer(job, outcome));
      }
      for (const { job } of applied) open.delete(job);
      await saveJournal();
    } catch (error) {
      // The journal still has them, or may: they are settled anew before anything else is done.
      recovered = false;
      options.onError('changes are live and could not be settled', error);
      for (const { job } of applied.slice(told.length))
        told.push(() => refuse(job, liveUntold(built.release.id, error)));
    }
    for (const tell of told) tell();
  };

  /** After a build that failed: everything is taken back, and if there were several, each is tried alone. */
  const giveUp = async (applied: readonly Applied[], asked: readonly BuildJob[], error: unknown): Promise<void> => {
    for (const one of [...applied].reverse()) await undo(one);
    for (const job of asked) job.waiting = true;
    const several = applied.length + asked.length > 1 && error instanceof BuildError;
    if (!several) {
      for (const { job } of applied) await fail(job, takenBack(error));
      for (const job of asked) refuse(job, withLines(error));
      return;
    }
    // Those whose callers are gone are tried even after a crash; of the others nobody was told anything.
    for (const { job, change } of applied) {
      if (change.acknowledged || (job.answered && !job.withdrawn)) open.set(job, takenBackToWait(change));
      else open.delete(job);
    }
    await saveJournal();
    for (const { job } of applied) await runBatch([job]);
    if (asked.some(({ answered }) => !answered)) await runBatch(asked);
  };

  return {
    prepare,
    run: runBatch,
    build: () => recorded.build([], [], { begin() {} }),
    building: recorded.running,
    isWhole: () => recovered,
    distrust() {
      recovered = false;
    },
    owes: () => [...open.values()].some((change) => change.acknowledged),
  };
}
