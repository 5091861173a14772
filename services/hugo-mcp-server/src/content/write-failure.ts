import { ArleoError } from '@arleo/core/errors';
import { BuildError } from '../build/build-site.ts';
import { marked } from './marked.ts';

/** A disk that is full or read-only speaks in error codes; the caller gets a sentence. */
export function notWritten(error: unknown): unknown {
  if (error instanceof ArleoError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return new ArleoError('write_failed', `The change could not be written (${code}) and was not made.`, {
    cause: error,
    hint: "Check free space, permissions and mounts on the site's machine.",
  });
}

/** The build's failure as the author of the change reads it. */
export function takenBack(error: unknown): unknown {
  if (!(error instanceof ArleoError)) return notWritten(error);
  const hint = error instanceof BuildError ? 'Mend what Hugo says and try again.' : error.hint;
  return withLines(error, `${error.message} The change was taken back; nothing of it is on the site.`, hint);
}

/** A failure in words, with Hugo's own lines, for the log of builds. */
export function inWords(error: unknown): string {
  const { message } = notWritten(error) as Error;
  return error instanceof BuildError ? [message, ...error.lines].join('\n') : message;
}

/** The same error with Hugo's own lines in its message. */
export function withLines(error: unknown, message?: string, hint?: string): unknown {
  if (!(error instanceof ArleoError)) return error;
  const lines = error instanceof BuildError ? error.lines : [];
  const text = [
    message ?? error.message,
    ...(lines.length === 0 ? [] : ['Hugo says:', ...marked('words of Hugo', lines)]),
  ].join('\n');
  const advice = hint ?? error.hint;
  return new ArleoError(error.code, text, { cause: error, ...(advice === undefined ? {} : { hint: advice }) });
}

/** The service is going down. */
export function stopping(): ArleoError {
  return new ArleoError('shutting_down', 'The service is stopping. Try again in a moment.');
}

/** A call was being made when its time was up, and what makes it does not come to an end. */
export function outcomeUnknown(): ArleoError {
  return new ArleoError('outcome_unknown', 'Writing the change takes too long: it is not known whether it was made.', {
    hint: 'Ask site_info and get_page, or send the same call with the same idempotency_key again: it is not made twice.',
  });
}

/** A change is live, and nothing more can be told of it. */
export function liveUntold(release: string, cause: unknown): ArleoError {
  return new ArleoError(
    'outcome_unknown',
    `The change is made and live in the release ${release}; what became of its pages could not be told.`,
    { cause, hint: 'Do not make it again. Ask get_page for the pages.' },
  );
}

/** A call waited as long as it may, and its turn did not come. */
export function siteBusy(building: string | undefined): ArleoError {
  const what = building === undefined ? 'Other changes are under way' : `The build ${building} is under way`;
  return new ArleoError('site_busy', `${what}, and the turn of this call did not come in time. Nothing was changed.`, {
    hint: 'Try again in a minute; site_info tells how the build is.',
  });
}
