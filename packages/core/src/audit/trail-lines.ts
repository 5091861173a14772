import type { Trail, TrailFile } from './open-trail.ts';

/** A line of an audit log, and where it stands; or where a file could not be read on. */
export interface TrailLine {
  file: TrailFile;
  /** Counts from 1 in each file. */
  line: number;
  text: string;
  bytes: number;
  /** False if its line feed is missing. */
  ended: boolean;
  /** Why the file ends here, in the place of a line. */
  unreadable?: string;
}

/** All lines of an audit log in their order; never throws for a damaged file. */
export async function* trailLines({ files }: Trail): AsyncGenerator<TrailLine> {
  for (const file of files) {
    let line = 0;
    try {
      for await (const { text, bytes, ended } of file.lines()) {
        line += 1;
        yield { file, line, text, bytes, ended };
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      yield { file, line: line + 1, text: '', bytes: 0, ended: true, unreadable: code ?? message };
    }
  }
}
