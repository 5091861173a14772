import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** A clock of a process that a test moves on, so that nothing has to be waited for. */
export interface ShiftedClock {
  /** The environment to start the process with. */
  env: Record<string, string>;
  /** Lets the process believe that so many milliseconds more have gone by. */
  advance(ms: number): Promise<void>;
  dispose(): Promise<void>;
}

/** The module is loaded by the process before all else: `Date` is the real one plus what the file beside it says. */
const source = (file: string): string => `import { readFileSync } from 'node:fs';
const RealDate = Date;
const now = () => RealDate.now() + Number(readFileSync(${JSON.stringify(file)}, 'utf8'));
globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }
  static now() {
    return now();
  }
};
`;

/** Makes a clock that stands right. */
export async function shiftedClock(): Promise<ShiftedClock> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-clock-'));
  const file = path.join(folder, 'offset');
  const module = path.join(folder, 'clock.mjs');
  let offset = 0;
  await writeFile(file, '0');
  await writeFile(module, source(file));
  return {
    env: { NODE_OPTIONS: `--import=${pathToFileURL(module).href}` },
    advance: (ms) => {
      offset += ms;
      return writeFile(file, String(offset));
    },
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}
