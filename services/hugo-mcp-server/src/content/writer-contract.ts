import type { BuildLog } from '../build/build-log.ts';
import type { BuildResult } from '../build/build-site.ts';
import type { AnswerKey, Answers } from './answers.ts';
import type { Library, Plan } from './change.ts';
import type { ChangeAuthor, History } from './history.ts';
import type { Journal } from './journal.ts';
import type { Recovered } from './recover.ts';
import type { TellAgain } from './tell-again.ts';
import type { BuildOutcome, Progress } from './write-job.ts';
import type { TellOutcome, WriteOutcome } from './write-outcome.ts';

/** Who asks for a change, and how. */
export interface WriteRequest {
  author: ChangeAuthor;
  progress?: Progress;
  /** The key under which the outcome is kept. */
  key?: AnswerKey | undefined;
}

/** The one writer of the site. */
export interface Writer {
  /**
   * Writes, commits, builds and puts live. Resolves when the change is live, or, when that takes too long, when it is
   * committed and being built (`building` is set then); rejects when it was refused or taken back, and then neither the
   * content nor the live site has it. A change that is taken back after its caller was answered is in the log of builds.
   *
   * @throws {@link ArleoError} of the change's plan, of the files, or of the build with Hugo's own lines; `site_busy` if
   *   its turn did not come in time
   */
  write(plan: Plan, request: WriteRequest): Promise<WriteOutcome>;
  /**
   * Builds what is there.
   * @param withinMs how long the caller waits at most, if not as long as all others; Infinity waits for the end
   * @throws {@link ArleoError} of the build, `site_busy`
   */
  build(progress?: Progress, withinMs?: number): Promise<BuildOutcome>;
  /** The same because the date of a page has passed; it waits for its end. */
  buildScheduled(): Promise<BuildOutcome>;
  /**
   * Runs `act` when nothing else is under way, and nothing else begins before it has ended: for what changes the site
   * beside its content. `act` gets what builds the site as it is and puts it live.
   *
   * @throws what `act` throws; {@link ArleoError} `shutting_down`
   */
  alone<T>(act: (build: () => Promise<BuildResult>) => Promise<T>): Promise<T>;
  /** Takes what somebody changed by hand into the history, when nothing else waits. */
  adopt(): void;
  /** Resolves when nothing waits and nothing is under way; nothing new is taken after this. */
  close(): Promise<void>;
}

/** What the writer works with. */
export interface WriterOptions {
  library: Library;
  history: History;
  journal: Journal;
  answers: Answers;
  builds: BuildLog;
  tellOutcome: TellOutcome;
  /** Tells a kept outcome as things are now. */
  tellAgain: TellAgain;
  /** The id of a build that is about to begin. */
  newBuildId(): string;
  /** Builds the site under this id and puts it live. */
  publish(commit: string | undefined, id: string): Promise<BuildResult>;
  /** Puts right what was interrupted; the writer takes nothing on before it has succeeded. */
  recover(): Promise<Recovered>;
  /** The live release as a build's result: what made the changes live that a crash left unsettled. */
  liveBuild(): Promise<BuildResult | undefined>;
  /** Ends the build under way, and lets none begin. */
  stopBuilding(): void;
  /** How long a caller waits at most, in milliseconds. */
  answerWithinMs: number;
  /** Told of failures, also of those that no caller is told of. */
  onError(message: string, error: unknown): void;
}
