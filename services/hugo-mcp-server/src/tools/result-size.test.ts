import fc from 'fast-check';
import type { DryRun } from '../content/dry-run.ts';
import type { Editor } from '../content/editor.ts';
import type { WriteOutcome } from '../content/write-outcome.ts';
import { applyChanges } from './apply-changes.ts';
import { createPage } from './create-page.ts';
import { deletePage } from './delete-page.ts';
import { movePage } from './move-page.ts';
import { restorePage } from './restore-page.ts';
import type { AnyTool, ToolCall } from './tool.ts';
import { updatePage } from './update-page.ts';

/** What clients were seen to take, and what the README promises. */
const limit = 100_000;

const many = <T>(item: fc.Arbitrary<T>, most: number) =>
  fc.tuple(item, fc.integer({ min: 0, max: most })).map(([one, count]) => Array.from({ length: count }, () => one));
const text = (most: number) =>
  fc
    .tuple(fc.constantFrom('a', 'é', '"', '\\', '\u0001', '\n', '\u{1F600}'), fc.integer({ min: 1, max: most }))
    .map(([character, length]) => character.repeat(length));
const name = fc
  .tuple(fc.constantFrom('a', 'é', '"', '\u0009'), fc.integer({ min: 1, max: 500 }))
  .map(([character, length]) => character.repeat(length));
const url = name.map((route) => `https://example.org/${encodeURIComponent(route)}/`);
const ref = fc.record({ file: name, route: name, lang: fc.constant('en'), kind: fc.constant('single' as const) });
const published = many(
  fc.record({ plugin: fc.constant('cloudflare'), ok: fc.constant(true), detail: text(400), urls: many(url, 3000) }),
  4,
);
const notes = fc.record({
  rewritten: many(name, 2000),
  translations: many(fc.constant('en'), 10),
  leftBehind: many(name, 2000),
  as_of: fc.constant('c'.repeat(40)),
  resources: many(name, 200),
  resources_left: fc.nat(),
});
const page = fc.record({
  page: ref,
  from: ref,
  revision: fc.constant('r'.repeat(32)),
  url,
  live: fc.boolean(),
  old: fc.record({ url, redirects: fc.boolean() }),
});
const outcome = fc.record({
  pages: many(page, 700).filter((pages) => pages.length > 0),
  notes,
  changed: fc.boolean(),
  commit: fc.constant('c'.repeat(40)),
  build: fc.record({
    release: fc.constant({ id: '20260101T000000000Z-abcdef', build_ms: 100, pages: 3 }),
    warnings: many(text(500), 20),
    published,
  }),
});
const dry = fc.record({
  pages: many(fc.record({ page: ref, revision: fc.constant('r'.repeat(32)), from: ref, oldUrl: url }), 700).filter(
    (pages) => pages.length > 0,
  ),
  files: many(fc.record({ file: name, change: fc.constant('move' as const), from: name }), 5000),
  // As much as a dry run gives: it is cut by what it takes as JSON.
  diff: fc.constantFrom('+a\n'.repeat(3000), '+é'.repeat(6000)),
  diffComplete: fc.boolean(),
  notes,
});

const args = { route: 'a', lang: 'en', to: 'b', changes: [] };
const call = { caller: { sub: 'owner', clientId: 'c', scopes: new Set() }, requestId: 'r' } as unknown as ToolCall;
const tools: ((editor: Editor) => AnyTool)[] = [
  applyChanges,
  movePage,
  deletePage,
  restorePage,
  createPage,
  updatePage,
];

test('no result of a write is larger than a client takes, whatever was written, and it says how much there is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...tools), outcome, dry, fc.boolean(), async (tool, written, wouldBe, dry_run) => {
      const editor = {
        write: async () => written as unknown as WriteOutcome,
        dryRun: async () => wouldBe as unknown as DryRun,
        restore: () => async () => ({ edits: [], message: '' }),
      } as unknown as Editor;
      const made = tool(editor);
      const { structured, text: words } = await made.run({ ...args, dry_run }, call);
      expect(made.output.safeParse(structured).error).toBeUndefined();
      const size = JSON.stringify({ content: [{ type: 'text', text: words }], structuredContent: structured }).length;
      expect(size).toBeLessThan(limit);
      const pages = (dry_run ? wouldBe : written).pages.length;
      if ('pages' in structured) expect(structured.pages_total).toBe(pages);
      if ('rewritten' in structured)
        expect(structured.rewritten_total).toBe((dry_run ? wouldBe : written).notes.rewritten.length);
      if (dry_run) expect(structured.would_change.files_total).toBe(wouldBe.files.length);
    }),
    { numRuns: 300 },
  );
});
