import fc from 'fast-check';
import * as z from 'zod';
import { applyChangesArgs, movePageArgs, restorePageArgs } from './apply-arguments.ts';
import { buildSiteArgs, createPageArgs, deletePageArgs, rollbackSiteArgs, updatePageArgs } from './arguments.ts';
import { getPageArgs, listPagesArgs, searchPagesArgs } from './read-arguments.ts';

const page = { route: 'posts/first', lang: 'fr', title: 'Première page', content: '# Bonjour\n' };
const tag = String.fromCodePoint(0xe0041);

/** The messages of all faults, or none if the arguments are good. */
function faults(schema: z.ZodType, args: unknown): string[] {
  return schema.safeParse(args).error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? [];
}

const schemas = {
  movePageArgs,
  restorePageArgs,
  rollbackSiteArgs,
  listPagesArgs,
  searchPagesArgs,
  getPageArgs,
  createPageArgs,
  updatePageArgs,
  deletePageArgs,
  buildSiteArgs,
};

describe.each(Object.entries(schemas))('the JSON schema of %s', (_, schema) => {
  test.each(['input', 'output'] as const)(
    'is small, has no alternatives at its top and takes nothing unknown (%s)',
    (io) => {
      const json = z.toJSONSchema(schema, { io }) as Record<string, unknown>;
      expect(JSON.stringify(json).length).toBeLessThan(4096);
      expect(Object.keys(json).filter((key) => /Of$/.test(key))).toEqual([]);
      expect(json.type).toBe('object');
      expect(json.additionalProperties).toBe(false);
      for (const property of Object.values((json.properties ?? {}) as Record<string, { description?: string }>)) {
        expect(property.description?.length).toBeGreaterThan(10);
      }
    },
  );

  test('refuses an argument that does not exist, and one named like a part of every object', () => {
    expect(faults(schema, { ...page, foo: 1 }).join()).toMatch(
      /Unknown: .*"foo".*\. (The arguments are: .*|This tool takes no arguments\.)/,
    );
    expect(faults(schema, JSON.parse('{"__proto__":{"draft":true}}')).join()).toMatch(/Unknown: "__proto__"/);
  });

  test.each([null, [], 'text', 7, undefined])('refuses %j instead of an object', (args) => {
    expect(faults(schema, args)).not.toEqual([]);
  });
});

test('the least that each tool takes', () => {
  expect(listPagesArgs.parse({})).toEqual({ limit: 50, sort: 'route' });
  expect(getPageArgs.parse({ route: '/' })).toEqual({
    route: '/',
    from_line: 1,
    from_column: 1,
    raw: false,
    backlinks: false,
  });
  expect(createPageArgs.parse(page)).toEqual(page);
  expect(updatePageArgs.parse({ route: '/', lang: 'en', draft: false })).toEqual({
    route: '/',
    lang: 'en',
    draft: false,
  });
  expect(deletePageArgs.parse({ route: 'a', lang: 'en' })).toEqual({ route: 'a', lang: 'en' });
  expect(buildSiteArgs.parse({})).toEqual({});
});

test('the home page can be read and updated, neither created nor deleted', () => {
  expect(faults(getPageArgs, { route: '/', lang: 'fr' })).toEqual([]);
  expect(faults(getPageArgs, { route: '/', lang: 'zh-hant-tw' })).toEqual([]);
  expect(faults(updatePageArgs, { route: '/', lang: 'fr', title: 'x' })).toEqual([]);
  expect(faults(createPageArgs, { ...page, route: '/' }).join()).toMatch(/^route: .*slash/);
  expect(faults(deletePageArgs, { route: '/', lang: 'fr' }).join()).toMatch(/^route: .*slash/);
});

test.each([
  ['a number as title', { title: 7 }, 'title'],
  ['a title of 501 characters', { title: 'x'.repeat(501) }, 'title'],
  ['an empty title', { title: '' }, 'title'],
  ['a title of spaces', { title: ' \u00a0 ' }, 'title'],
  ['a line feed in a title', { title: 'a\nb' }, 'title'],
  ['an escape character in a title', { title: 'a\u001b[31m' }, 'title'],
  ['DEL in a title', { title: 'a\u007f' }, 'title'],
  ['a bidirectional override in a title', { title: 'a\u202egnp.exe' }, 'title'],
  ['a bidirectional isolate in a title', { title: 'a\u2066b' }, 'title'],
  ['a zero-width space in a title', { title: 'a\u200bb' }, 'title'],
  ['tag characters in a title', { title: `a${tag}` }, 'title'],
  ['variation selectors that carry bytes in a title', { title: `a${String.fromCodePoint(0xe0101)}` }, 'title'],
  ['half a surrogate pair in a title', { title: 'a\ud83d' }, 'title'],
  ['51 tags', { tags: Array.from({ length: 51 }, (_, i) => `t${i}`) }, 'tags'],
  ['a tag of 101 characters', { tags: ['x'.repeat(101)] }, 'tags.0'],
  ['an empty tag', { tags: ['a', ''] }, 'tags.1'],
  ['a tag with tag characters', { tags: [`a${tag}`] }, 'tags.0'],
  ['tags that are one text', { tags: 'a, b' }, 'tags'],
  ['a draft that is text', { draft: 'true' }, 'draft'],
  ['a language of one letter', { lang: 'f' }, 'lang'],
  ['a language in upper case', { lang: 'FR' }, 'lang'],
  ['a language with an underscore', { lang: 'fr_be' }, 'lang'],
  ['a language that ends with its hyphen', { lang: 'fr-' }, 'lang'],
  ['a language that leads elsewhere', { lang: 'fr/../x' }, 'lang'],
  ['a language with a line feed at its end', { lang: 'fr\n' }, 'lang'],
  ['a content over 512 KiB', { content: 'x'.repeat(512 * 1024 + 1) }, 'content'],
  ['a content over 512 KiB in bytes but not in characters', { content: 'é'.repeat(256 * 1024 + 1) }, 'content'],
  ['NUL in the content', { content: 'a\0b' }, 'content'],
  ['half a surrogate pair in the content', { content: 'a\udc00b' }, 'content'],
  ['front matter that is text', { front_matter: 'weight: 1' }, 'front_matter'],
  ['front matter that is a list', { front_matter: [] }, 'front_matter'],
])('refuses %s', (_, wrong, path) => {
  expect(faults(createPageArgs, { ...page, ...wrong }).map((fault) => fault.split(':')[0])).toContain(path);
  expect(faults(updatePageArgs, { ...page, ...wrong }).map((fault) => fault.split(':')[0])).toContain(path);
});

test.each([
  ['512 KiB of content', { content: 'é'.repeat(256 * 1024) }],
  ['500 characters of title', { title: 'x'.repeat(500) }],
  ['50 tags of 100 characters', { tags: Array.from({ length: 50 }, () => 'x'.repeat(100)) }],
  ['an emoji of several parts and a Persian word with a non-joiner', { title: '👩‍👩‍👧 ☀️ می‌خواهم' }],
  ['right-to-left text and its marks in the content', { content: 'שלום \u200f\u202bעולם\u202c\t\f' }],
  ['an empty body', { content: '' }],
  ['a language of three letters', { lang: 'gsw' }],
])('takes %s', (_, right) => {
  expect(faults(createPageArgs, { ...page, ...right })).toEqual([]);
});

test('an update that changes nothing is refused with what could be given', () => {
  const nothing = { route: 'a', lang: 'fr' };
  for (const args of [nothing, { ...nothing, front_matter: {} }, { ...nothing, expected_revision: 'r1' }]) {
    expect(faults(updatePageArgs, args).join()).toMatch(
      /nothing to change.*title, content, edits, tags, draft, front_matter/,
    );
  }
});

test('a body is changed as a whole or by edits, which find something', () => {
  const update = { route: 'a', lang: 'fr' };
  const edit = { find: 'a', replace: '' };
  expect(faults(updatePageArgs, { ...update, edits: [edit] })).toEqual([]);
  expect(faults(updatePageArgs, { ...update, edits: [edit], content: 'x' }).join()).toMatch(/^edits: .*not both/);
  expect(faults(updatePageArgs, { ...update, edits: [] }).join()).toMatch(/^edits: /);
  expect(faults(updatePageArgs, { ...update, edits: Array.from({ length: 51 }, () => edit) }).join()).toMatch(
    /^edits: /,
  );
  for (const wrong of [{ find: '' }, { find: 'a\0' }, { replace: '\ud800' }, { replace: undefined }, { all: true }]) {
    expect(faults(updatePageArgs, { ...update, edits: [{ ...edit, ...wrong }] }).join()).toMatch(/^edits\.0/);
  }
  expect(
    faults(updatePageArgs, { ...update, edits: [{ find: 'a', replace: 'x'.repeat(512 * 1024 + 1) }] }),
  ).not.toEqual([]);
});

test.each(['title', 'tags', 'draft'])('%s is refused when it is both an argument and in the front matter', (key) => {
  const value = { title: 'x', tags: ['a'], draft: true }[key];
  const args = { ...page, [key]: value, front_matter: { [key]: value } };
  expect(faults(createPageArgs, args).join()).toMatch(new RegExp(`front_matter.${key}: .*given twice`));
  expect(faults(updatePageArgs, args).join()).toMatch(new RegExp(`front_matter.${key}: .*given twice`));
  const { title: _, ...rest } = page;
  const once = key === 'title' ? rest : page;
  expect(faults(updatePageArgs, { ...once, front_matter: { [key]: value } })).toEqual([]);
});

test('title, tags and draft obey their rules inside front matter too', () => {
  const update = { route: 'a', lang: 'fr' };
  for (const front_matter of [{ title: `a${tag}` }, { tags: ['x'.repeat(101)] }, { tags: 'a' }, { draft: 'no' }]) {
    expect(faults(updatePageArgs, { ...update, front_matter }).join()).toMatch(/^front_matter\./);
  }
});

test('limits of a list', () => {
  expect(faults(listPagesArgs, { limit: 200, section: 'posts', lang: 'en', cursor: 'c' })).toEqual([]);
  for (const wrong of [
    { limit: 0 },
    { limit: 201 },
    { limit: 1.5 },
    { limit: '5' },
    { section: '../etc' },
    { section: '/' },
    { cursor: '' },
  ]) {
    expect(faults(listPagesArgs, wrong)).not.toEqual([]);
  }
});

test('hostile values of any shape are refused or taken, never thrown at', () => {
  fc.assert(
    fc.property(
      fc.record({
        route: fc.anything(),
        lang: fc.anything(),
        title: fc.anything(),
        content: fc.anything(),
        front_matter: fc.anything(),
      }),
      (args) => {
        for (const schema of Object.values(schemas)) expect(typeof schema.safeParse(args).success).toBe('boolean');
      },
    ),
  );
});

describe('changes that belong together', () => {
  const small = { action: 'delete', route: 'a', lang: 'fr' };

  test('obey the rules of their own tools, and the schema of all of them is small', () => {
    expect(JSON.stringify(z.toJSONSchema(applyChangesArgs, { io: 'input' })).length).toBeLessThan(12_000);
    expect(faults(applyChangesArgs, { changes: [small] })).toEqual([]);
    expect(faults(applyChangesArgs, { changes: [] }).join()).toMatch(/^changes: /);
    expect(faults(applyChangesArgs, { changes: Array.from({ length: 51 }, () => small) }).join()).toMatch(/^changes: /);
    expect(faults(applyChangesArgs, { changes: [small, { action: 'update', route: 'a', lang: 'fr' }] }).join()).toMatch(
      /^changes\.1: There is nothing to change/,
    );
    expect(faults(applyChangesArgs, { changes: [{ ...small, action: 'upload' }] }).join()).toMatch(
      /^changes\.0\.action/,
    );
    expect(faults(applyChangesArgs, { changes: [{ ...small, dry_run: true }] }).join()).toMatch(/Unknown: "dry_run"/);
    const twice = { action: 'create', ...page, front_matter: { title: 'x' } };
    expect(faults(applyChangesArgs, { changes: [twice] }).join()).toMatch(/^changes\.0\.front_matter\.title: .*twice/);
    const link = { action: 'create', ...page, front_matter: { aliases: ['/x/'] } };
    expect(faults(applyChangesArgs, { changes: [link] }).join()).toMatch(/aliases/);
  });

  test('a move has two good routes, and a version is a revision or a commit', () => {
    expect(faults(movePageArgs, { route: 'a', to: 'b/c' })).toEqual([]);
    for (const to of ['../b', '/b', 'b/_index', '/']) expect(faults(movePageArgs, { route: 'a', to })).not.toEqual([]);
    expect(faults(movePageArgs, { route: '/', to: 'b' })).not.toEqual([]);
    expect(faults(restorePageArgs, { route: '/', lang: 'fr', revision: 'a'.repeat(40) })).toEqual([]);
    expect(faults(restorePageArgs, { route: '/', lang: 'fr', revision: 'HEAD' })).not.toEqual([]);
    expect(faults(rollbackSiteArgs, { release: '../x' })).not.toEqual([]);
  });

  test('every write takes a dry run and a key of visible characters', () => {
    const writes = { createPageArgs, updatePageArgs, deletePageArgs, movePageArgs, restorePageArgs, applyChangesArgs };
    for (const schema of Object.values({ ...writes, buildSiteArgs, rollbackSiteArgs })) {
      expect(Object.keys(schema.shape)).toEqual(expect.arrayContaining(['dry_run', 'idempotency_key']));
    }
    expect(faults(buildSiteArgs, { dry_run: true, idempotency_key: 'x'.repeat(128) })).toEqual([]);
    for (const idempotency_key of ['short', 'x'.repeat(129), 'with space', 'l\u00e4nger-als-acht', 7]) {
      expect(faults(buildSiteArgs, { idempotency_key }).join()).toMatch(/^idempotency_key: /);
    }
  });
});
