import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** Files by path; undefined leaves one out. */
export type Files = Readonly<Record<string, string | undefined>>;

const layout = '<!doctype html><title>{{ .Title }}</title><main>{{ .Content }}</main>\n';

/** Layouts without which Hugo makes no page, and a configuration in French and English. */
export const baseFiles: Files = {
  'hugo.toml': [
    'baseURL = "https://example.org/"',
    'title = "Test"',
    'defaultContentLanguage = "fr"',
    'timeZone = "Europe/Paris"',
    'disableKinds = ["taxonomy", "term", "RSS", "sitemap"]',
    '[languages.fr]',
    'weight = 1',
    '[languages.en]',
    'weight = 2',
    '',
  ].join('\n'),
  'layouts/_default/single.html': layout,
  'layouts/_default/list.html': layout,
  'layouts/index.html': layout,
  'content/_index.fr.md': '---\ntitle: Accueil\n---\nBienvenue.\n',
  'content/_index.en.md': '---\ntitle: Home\n---\nWelcome.\n',
  'content/posts/hello/index.fr.md':
    '---\n# un commentaire\ntitle: Bonjour\ndate: 2024-05-01T10:00:00+02:00\n---\n\nSalut.\n',
  'content/posts/hello/index.en.md': '---\ntitle: Hello\ndate: 2024-05-01T10:00:00+02:00\n---\n\nHi.\n',
};

/** A folder that is removed at the end. */
export interface TempDir {
  path: string;
  /** Writes files below it, with their folders. */
  write(files: Files): Promise<void>;
  read(file: string): Promise<string>;
  dispose(): Promise<void>;
}

export async function tempDir(name: string): Promise<TempDir> {
  return folderAt(await mkdtemp(path.join(os.tmpdir(), `${name}-`)));
}

/** A folder that is there, in the form of a {@link TempDir}. */
export function folderAt(dir: string): TempDir {
  return {
    path: dir,
    async write(files) {
      for (const [file, text] of Object.entries(files)) {
        if (text === undefined) continue;
        const absolute = path.join(dir, file);
        await mkdir(path.dirname(absolute), { recursive: true });
        await writeFile(absolute, text);
      }
    },
    read: (file) => readFile(path.join(dir, file), 'utf8'),
    dispose: () => rm(dir, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** What a program prints. */
export async function output(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, cwd === undefined ? {} : { cwd });
  return stdout;
}
