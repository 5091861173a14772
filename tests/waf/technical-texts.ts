import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const MAX_BYTES = 200_000;

/** A text that somebody wrote about technical things. */
export interface TechnicalText {
  /** Where it stands. */
  file: string;
  body: string;
  /** Its first line with words, as a page's title: at most 200 characters. */
  title: string;
}

/**
 * Real texts, no two alike: the project's own documents, every Markdown file of the packages that it installs, and then as many of
 * their sources, as listings in a page.
 *
 * @throws Error when there are fewer than `count`
 */
export function technicalTexts(count: number): TechnicalText[] {
  const texts = new Map<string, TechnicalText>();
  const add = (file: string, wrap = (text: string) => text): void => {
    if (texts.size >= count || statSync(file).size > MAX_BYTES) return;
    const text = readFileSync(file, 'utf8');
    if (text.length < 200 || /[^\P{Cc}\t\n\r]|\ufffd/u.test(text)) return;
    texts.set(createHash('sha256').update(text).digest('hex'), {
      file: path.relative(root, file),
      body: wrap(text),
      title: titleOf(text),
    });
  };
  for (const file of filesBelow(root, /\.md$/, /^(?:node_modules|\.git|\.tools|dist)$/)) add(file);
  const installed = path.join(root, 'node_modules/.pnpm');
  for (const file of filesBelow(installed, /\.(?:md|markdown)$/i)) add(file);
  for (const file of filesBelow(installed, /\.(?:[cm]?js|ts|ya?ml|sh)$/)) {
    if (texts.size >= count) break;
    add(file, (text) => `# A listing\n\n\`\`\`\`\n${text}\n\`\`\`\`\n`);
  }
  if (texts.size < count) throw new Error(`only ${texts.size} texts of ${count}`);
  return [...texts.values()];
}

function titleOf(text: string): string {
  const line = text.split('\n').find((one) => /\w{3}/.test(one)) ?? 'Untitled';
  return (
    line
      .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
      .trim()
      .slice(0, 200) || 'Untitled'
  );
}

function* filesBelow(folder: string, name: RegExp, without = /^\.bin$/): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory() && !without.test(entry.name)) yield* filesBelow(file, name, without);
    else if (entry.isFile() && name.test(entry.name)) yield file;
  }
}
