import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { pageLinks, replaceLinks } from './page-links.ts';

const targets = (body: string) => pageLinks(body, []).map(({ target, line }) => `${line} ${target}`);

describe('links of a page', () => {
  test.each([
    ['a link, a picture, a definition', '[a](/a/) ![b](b.png)\n\n[c]: /c/', ['1 /a/', '1 b.png', '3 /c/']],
    ['HTML and a shortcode', '<a href="/a/">a</a>\n{{< figure src="b.png" >}}', ['1 /a/', '2 b.png']],
    ['ref in its three spellings', '{{< ref "/a" >}} {{% relref `b` %}} {{< ref c >}}', ['1 /a', '1 b', '1 c']],
    ['a link after code', 'x `[a](/a/)` [b](/b/)', ['1 /b/']],
    ['code with ticks inside', '`` ` [a](/a/) `` [b](/b/)', ['1 /b/']],
    ['a tick that nothing closes', '` [a](/a/)', ['1 /a/']],
    ['a tick that is escaped', '\\` [a](/a/) `', ['1 /a/']],
    ['a block of code', '```\n[a](/a/)\n```\n[b](/b/)', ['4 /b/']],
    ['a block that another mark does not close', '```\n[a](/a/)\n```js\n[b](/b/)\n```\n[c](/c/)', ['6 /c/']],
    ['what only looks like a block', '```x``` [a](/a/)\n[b](/b/)', ['1 /a/', '2 /b/']],
    ['a block of code in a list', '- x\n\n  ```\n  [a](/a/)\n  ```\n  [b](/b/)', ['6 /b/']],
    ['indented code', 'Text.\n\n    [a](/a/)\n\n\t[b](/b/)\n[c](/c/)', ['6 /c/']],
    ['indented code at the top and after a heading', '    [a](/a/)\n# H\n    [b](/b/)\n[c](/c/)', ['4 /c/']],
    ['an indented line of a paragraph', 'Text\n    [a](/a/)', ['2 /a/']],
    ['a paragraph of a list item', '- item\n\n    [a](/a/)\n\n1. [b](/b/)\n\n   [c](/c/)', ['3 /a/', '5 /b/', '7 /c/']],
    ['indented code in a list item', '- item\n\n      [a](/a/)\n\n  [b](/b/)\n\nEnd\n\n    [c](/c/)', ['5 /b/']],
    [
      'a list in a list',
      '- a\n  - b\n\n    [c](/c/)\n\n        [d](/d/)',
      ['3 /c/'].map((one) => one.replace('3', '4')),
    ],
    ['a shortcode that is indented', '{{< gallery >}}\n\n    {{< figure src="b.png" >}}', ['3 b.png']],
    ['a comment', '<!-- [a](/a/) --> [b](/b/)', ['1 /b/']],
    ['a comment of several lines', 'x <!-- [a](/a/)\n```\n[b](/b/)\n--> [c](/c/)\n[d](/d/)', ['4 /c/', '5 /d/']],
    ['a comment that nothing ends', '<!--\n[a](/a/)', []],
    ['the mark of a comment in a sentence', 'Write <!-- so.\n[a](/a/)', ['2 /a/']],
    ['the mark of a comment in code', '`<!--` [a](/a/) `-->`', ['1 /a/']],
  ])('%s', (_, body, wanted) => {
    expect(targets(body)).toEqual(wanted);
    expect(targets(body.replaceAll('\n', '\r\n'))).toEqual(wanted);
  });

  test('only links are rewritten, whatever stands around them', () => {
    const body = '[a](/a/) `[a](/a/)` <!-- [a](/a/) -->\n\n    [a](/a/)\n\n{{< ref `/a/` >}} \\[a](/a/)\n';
    expect(replaceLinks(body, [], () => '/new/')).toBe(
      '[a](/new/) `[a](/a/)` <!-- [a](/a/) -->\n\n    [a](/a/)\n\n{{< ref `/new/` >}} \\[a](/new/)\n',
    );
    const parts = fc.constantFrom(
      '[a](/a/)',
      '`',
      '``',
      '```',
      '\n',
      '    ',
      '- ',
      '<!--',
      '-->',
      '{{< ref "a" >}}',
      '{{<',
      'x',
      '\\',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 30 }), (texts) => {
        const text = texts.join('');
        expect(replaceLinks(text, [], ({ target }) => target)).toBe(text);
        const links = pageLinks(text, []).length;
        expect(replaceLinks(text, [], () => '/new/').includes('/new/')).toBe(links > 0);
      }),
    );
  });

  test('a body as large as a page may be is read at once, whatever it is made of', () => {
    const size = 512 * 1024;
    const runs = Array.from({ length: 1020 }, (_, i) => '`'.repeat(i + 1)).join('a');
    const repeated = [
      '``a',
      '{{< ref a ',
      '{{<ref ',
      '{{< ref `',
      '{{< ref "',
      '<!--',
      '<!-- -->',
      '](',
      '](<',
      '[a',
      '[a]:',
      'href=',
      'href="',
      '{{<',
      '\\`',
      '- ',
      '> ',
      '    ',
      '`\n',
      '```\n',
      '-',
      '* ',
      '1. ',
      '\t',
      '<!--\n',
      '- a\n',
    ].map((text) => text.repeat(Math.ceil(size / text.length)));
    const long = [
      `{{< ref ${'a'.repeat(size)}`,
      `{{<${' '.repeat(size)}`,
      `{{< ref${' '.repeat(size)}x`,
      `](${' '.repeat(size)}`,
    ];
    const bodies = [runs, ...repeated, ...long].map((text) => `[x](y) ${text}`);
    const dir = mkdtempSync(path.join(os.tmpdir(), 'page-links-'));
    try {
      const packageDir = fileURLToPath(new URL('../..', import.meta.url));
      const bundle = path.join(packageDir, '../../scripts/bundle.mjs');
      execFileSync('node', [bundle, `--out=${dir}`, 'src/content/page-links.ts'], { cwd: packageDir, stdio: 'pipe' });
      writeFileSync(path.join(dir, 'bodies.json'), JSON.stringify(bodies));
      const script = `
        import { readFileSync } from 'node:fs';
        import { pageLinks } from './page-links.js';
        for (const body of JSON.parse(readFileSync('bodies.json', 'utf8'))) pageLinks(body, []);
        console.log('read');`;
      // The bound is a hundred times what it takes: only what grows with the square of the length reaches it.
      const run = () =>
        execFileSync('node', ['--input-type=module', '-e', script], { cwd: dir, timeout: 60_000, stdio: 'pipe' });
      expect(run().toString()).toBe('read\n');
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
