import { readFileSync } from 'node:fs';
import type { Assets } from '../assets/open-assets.ts';
import type { Editor } from '../content/editor.ts';
import type { Reader } from '../content/reader.ts';
import { publishedSchema } from '../mcp/published-schema.ts';
import { allTools } from './all-tools.ts';

/** The firewall of nginx leaves out arguments by their names: here these names meet the tools that have them. */
const firewall = readFileSync(new URL('../../../../infra/modsecurity/mcp.conf', import.meta.url), 'utf8');
const tools = allTools({} as Reader, {} as Editor, {} as Assets);

/** Texts that are looked at like anything else: they name things, or look for them, and are short. */
const LOOKED_AT = [
  'cursor',
  'expected_revision',
  'file',
  'folder',
  'name',
  'page',
  'query',
  'route',
  'section',
  'tag',
  'to',
];

/** A part of a JSON Schema, as far as it matters here. */
interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  maxItems?: number;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
}

/** An argument that may hold any text, by the name that ModSecurity's JSON parser gives it. */
interface TextArgument {
  tool: string;
  name: string;
  /** The most items of the lists on the way to it. */
  items: number;
}

function* textArguments(tool: string, schema: Schema, name: string, items = 0): Generator<TextArgument> {
  const below = (inner: Schema, at: string, most = items) => textArguments(tool, inner, at, most);
  for (const one of [schema.oneOf, schema.anyOf, schema.allOf].flatMap((list) => list ?? [])) yield* below(one, name);
  for (const [key, inner] of Object.entries(schema.properties ?? {})) yield* below(inner, `${name}.${key}`);
  if (schema.items) {
    const most = Math.max(items, schema.maxItems ?? Number.POSITIVE_INFINITY);
    yield* below(schema.items, `${name}.array_0`, most);
  }
  const types = [schema.type ?? []].flat();
  const open = types.includes('object') && schema.additionalProperties !== false;
  if (open) yield { tool, name: `${name}.key`, items };
  const closed = schema.enum !== undefined || schema.const !== undefined || schema.pattern !== undefined;
  if (types.includes('string') && !closed) yield { tool, name, items };
}

const all = tools.flatMap(({ name, input }) => [
  ...textArguments(name, publishedSchema(input)['~standard'].jsonSchema.input() as Schema, 'json.params.arguments'),
]);

/** The exceptions, as regular expressions of whole names. */
const exempt = [
  ...firewall.matchAll(/^SecRuleUpdateTargetByTag "OWASP_CRS" "!ARGS:(?:'\/\\A(.+)\\z\/'|(json\..+))"$/gm),
].map(([, expression, literal = '']) => expression ?? literal.replaceAll('.', '\\.'));
const isExempt = (name: string): boolean => exempt.some((expression) => new RegExp(`^${expression}$`).test(name));

/** The tools in which these names count: elsewhere a rule of their own keeps them closed. */
const content = [
  ...firewall.matchAll(/^SecRule ARGS:json\.params\.name "!@(?:rx \\A\(\?:(.+)\)\\z|streq (.+))"/gm),
].flatMap(([, several, one]) => (several ?? one ?? '').split('|'));

/** One name for each way through an expression: `a\.(?:b|c)` is `a.b` and `a.c`. */
function waysThrough(expression: string): string[] {
  const plain = expression
    .replaceAll('\\d{1,2}', '0')
    .replaceAll('[\\w-]{1,64}', 'key')
    .replaceAll('{1,4}', '')
    .replaceAll('\\.', '.');
  const expand = (text: string): string[] => {
    const [group, inner = ''] = /\(\?:([^()]*)\)/.exec(text) ?? [];
    return group === undefined ? [text] : inner.split('|').flatMap((way) => expand(text.replace(group, way)));
  };
  return [...new Set(expand(plain))].sort();
}

test('the exceptions of the firewall are read', () => {
  expect(exempt.length).toBeGreaterThanOrEqual(5);
  expect(content).toEqual(['create_page', 'update_page', 'preview_page', 'apply_changes', 'upload_asset']);
  expect(waysThrough('a\\.(?:b|c\\.array_\\d{1,2}|d\\.(?:e|f))')).toEqual(['a.b', 'a.c.array_0', 'a.d.e', 'a.d.f']);
});

test('every argument of a tool that may hold any text is left out by the firewall, or known to be looked at', () => {
  const unknown = all.filter(({ tool, name }) => {
    const last = name.split('.').at(-1) ?? '';
    return !(content.includes(tool) && isExempt(name)) && !LOOKED_AT.includes(last);
  });
  expect(unknown).toEqual([]);
});

test('no exception names an argument that no tool has', () => {
  const names = new Set(all.map(({ name }) => name));
  expect(exempt.flatMap(waysThrough).filter((name) => !names.has(name))).toEqual([]);
});

test('no tool without content has an argument by such a name: it would be refused', () => {
  expect(all.filter(({ tool, name }) => !content.includes(tool) && isExempt(name))).toEqual([]);
});

test('what is known to be looked at is there, and no exception leaves it out', () => {
  for (const last of LOOKED_AT) {
    const found = all.filter(({ name }) => name.split('.').at(-1) === last);
    expect({ last, some: found.length > 0 }).toEqual({ last, some: true });
    expect(found.filter(({ name }) => isExempt(name))).toEqual([]);
  }
});

test('the exceptions reach every item of the longest list', () => {
  for (const { name, items } of all.filter(({ name }) => isExempt(name))) {
    // \d{1,2} in the names of the exceptions.
    expect({ name, few: items <= 100 }).toEqual({ name, few: true });
  }
});
