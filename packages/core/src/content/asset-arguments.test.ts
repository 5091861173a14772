import * as z from 'zod';
import { deleteAssetArgs, listAssetsArgs, uploadAssetArgs } from './asset-arguments.ts';

const upload = { name: 'a.png', content_type: 'image/png', data: 'AAAA' };
const faults = (schema: z.ZodType, args: unknown): string[] =>
  schema.safeParse(args).error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? [];

test.each(Object.entries({ listAssetsArgs, uploadAssetArgs, deleteAssetArgs }))(
  'the JSON schema of %s is small, has no alternatives at its top and takes nothing unknown',
  (_, schema) => {
    const json = z.toJSONSchema(schema, { io: 'input' }) as Record<string, unknown>;
    expect(JSON.stringify(json).length).toBeLessThan(4096);
    expect(Object.keys(json).filter((key) => /Of$/.test(key))).toEqual([]);
    expect(json).toMatchObject({ type: 'object', additionalProperties: false });
    for (const property of Object.values(json.properties as Record<string, { description?: string }>)) {
      expect(property.description?.length).toBeGreaterThan(10);
    }
    expect(faults(schema, { ...upload, file: 'static/a.png', mode: 7 }).join()).toMatch(/Unknown: .*"mode"/);
  },
);

test('the least that each tool takes', () => {
  expect(listAssetsArgs.parse({})).toEqual({ limit: 50 });
  expect(uploadAssetArgs.parse(upload)).toEqual({ ...upload, overwrite: false });
  expect(deleteAssetArgs.parse({ file: 'static/été 1.PNG' })).toEqual({ file: 'static/été 1.PNG' });
});

test.each([
  'a',
  '.png',
  '.a.png',
  'a..png',
  '../a.png',
  'b/a.png',
  'b\\a.png',
  'a.PNG',
  'a.jpg',
  'a.png.',
  'a.png\0',
  'a.png\n',
  'a b.png',
  'é.png',
  'a\u202egnp.png',
  'a%2e.png',
  'a:b.png',
  'shell.php.png',
  'shell.PHTML.png',
  'a.html.png',
  'con.png',
  '-a.png',
  `${'a'.repeat(97)}.png`,
])('refuses the name %j', (name) => {
  expect(faults(uploadAssetArgs, { ...upload, name }).join()).toMatch(/^name: /);
});

test.each([
  ['a.png', 'image/png'],
  ['A_b-1.2.jpeg', 'image/jpeg'],
  ['cover.fr.webp', 'image/webp'],
  ['logo.min.svg', 'image/svg+xml'],
])('takes the name %s for %s', (name, content_type) => {
  expect(faults(uploadAssetArgs, { ...upload, name, content_type })).toEqual([]);
});

test.each([
  '../x',
  'a/../b',
  '/a',
  'a/',
  'a//b',
  './a',
  'a/.git',
  '.git',
  'a\\b',
  'a\0',
  'a%2e%2e',
  'a\u200bb',
  ' a',
  'a ',
  `${'é'.repeat(128)}`,
  '',
])('refuses the path %j', (path) => {
  expect(faults(uploadAssetArgs, { ...upload, folder: path }).join()).toMatch(/^folder: /);
  expect(faults(deleteAssetArgs, { file: path }).join()).toMatch(/^file: /);
  expect(faults(listAssetsArgs, { folder: path }).join()).toMatch(/^folder: /);
});

test('what does not go together is refused', () => {
  expect(faults(listAssetsArgs, { folder: 'static', page: 'a' }).join()).toMatch(/^folder: .*not both/);
  expect(faults(listAssetsArgs, { lang: 'fr' }).join()).toMatch(/^lang: /);
  expect(faults(uploadAssetArgs, { ...upload, lang: 'fr' }).join()).toMatch(/^lang: /);
  expect(faults(uploadAssetArgs, { ...upload, page: '/', lang: 'fr' })).toEqual([]);
  expect(faults(uploadAssetArgs, { ...upload, content_type: 'text/html', name: 'a.html' }).join()).toMatch(
    /content_type/,
  );
});
