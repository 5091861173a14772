/**
 * The licences of what a bundle contains of others, as each of them wants it: with every copy.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** The licences that may be bundled. Another one is somebody's decision, not a build's. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'Unlicense',
]);

/** Of packages that name their licence and forgot its text. @type {Record<string, string>} */
const STANDARD = {
  MIT: `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`,
  ISC: `Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.`,
};

const licenceFile = /^(?:licen[cs]e|copying|copyright|notice)\b/i;
const rule = `\n\n${'='.repeat(80)}\n\n`;

/**
 * The text of THIRD_PARTY_LICENSES: each package by name and version, and its licence.
 *
 * @param {readonly string[]} inputs files that went into the bundle
 * @returns {Promise<string>}
 * @throws {Error} for a package with a licence that is not allowed, or with none
 */
export async function thirdPartyLicenses(inputs) {
  const folders = new Set(inputs.flatMap((input) => packageFolder(input) ?? []));
  const entries = await Promise.all([...folders].map(entry));
  // Several versions of one package may be in it, and one version in several places of node_modules.
  const texts = new Map(entries.map(({ title, text }) => [title, text]));
  const titles = [...texts.keys()].sort();
  const head = `This folder contains parts of ${titles.length} packages of others, under these licences.`;
  return `${[head, ...titles.map((title) => texts.get(title))].join(rule)}\n`;
}

/**
 * @param {string} input
 * @returns {string | undefined}
 */
function packageFolder(input) {
  // A native addon is an input by the file that asks for it.
  const file = path.resolve(input.replace(/^native-addon:/, ''));
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0];
}

/** @param {string} folder */
async function entry(folder) {
  const { name, version, license, author, homepage } = JSON.parse(
    await readFile(path.join(folder, 'package.json'), 'utf8'),
  );
  if (!ALLOWED.has(license)) throw new Error(`${name}@${version} has the licence ${JSON.stringify(license)}`);
  const texts = await Promise.all((await licenceFiles(folder)).map((file) => readFile(file, 'utf8')));
  if (texts.length === 0) texts.push(standardText(`${name}@${version}`, license, author));
  const title = `${name} ${version}`;
  const text = [`${title} (${license})${homepage ? `\n${homepage}` : ''}`, ...texts.map((one) => one.trim())];
  return { title, text: text.join('\n\n') };
}

/**
 * At the top of the package, and of what it compiles into its binary.
 *
 * @param {string} folder
 * @returns {Promise<string[]>}
 */
async function licenceFiles(folder) {
  const files = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isFile() && licenceFile.test(entry.name)) files.push(file);
    else if (entry.isDirectory() && entry.name === 'dependencies') files.push(...(await below(file)));
  }
  return files.sort();
}

/** @param {string} folder */
async function below(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && licenceFile.test(entry.name))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
}

/**
 * @param {string} what
 * @param {string} license
 * @param {string | { name?: string } | undefined} author
 */
function standardText(what, license, author) {
  const text = STANDARD[license];
  const holder = typeof author === 'string' ? author.replace(/\s*[<(].*$/, '') : author?.name;
  if (text === undefined) throw new Error(`${what} has no text of its licence`);
  return `Copyright (c) ${holder || `the authors of ${what}`}\n\n${text}`;
}
