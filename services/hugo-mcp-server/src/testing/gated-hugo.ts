import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const hugoPath = execFileSync('sh', ['-c', 'command -v hugo']).toString().trim();

/** A `hugo` that tells of its builds and holds each as long as its gate is closed. */
export interface GatedHugo {
  /** For HUGO_BIN. */
  bin: string;
  close(): Promise<void>;
  open(): Promise<void>;
  /** Lets one build through, counted from 1, although the gate is closed. */
  letPass(build: number): Promise<void>;
}

/** Writes the program into a folder; `building` there says that a build has begun. */
export async function gatedHugo(dir: string): Promise<GatedHugo> {
  const bin = path.join(dir, 'hugo');
  const script = `#!/bin/sh
case "$*" in *--destination*)
  echo build >> "${dir}/builds"
  pass="${dir}/pass-$(($(wc -l < "${dir}/builds")))"
  while [ -e "${dir}/gate" ] && [ ! -e "$pass" ]; do sleep 0.02; done ;;
esac
exec "${hugoPath}" "$@"
`;
  await writeFile(bin, script, { mode: 0o755 });
  return {
    bin,
    close: () => writeFile(path.join(dir, 'gate'), ''),
    open: () => rm(path.join(dir, 'gate'), { force: true }),
    letPass: (build) => writeFile(path.join(dir, `pass-${build}`), ''),
  };
}

/** Waits until something holds. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}
