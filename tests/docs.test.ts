import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { REASONS } from '@arleo/core/reasons';
import { VERSION } from '@arleo/core/version';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Every TypeScript source of the project that is no test. */
function sources(): string[] {
  return ['packages', 'services', 'scripts/demo'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /(^|\/)src\/.*\.ts$/.test(name) && !name.endsWith('.test.ts') && !name.includes('node_modules'))
      .map((name) => path.join(root, folder, name)),
  );
}

/** The codes that sources throw. */
function thrownCodes(): Set<string> {
  const codes = new Set<string>();
  for (const file of sources()) {
    for (const [, code = ''] of readFileSync(file, 'utf8').matchAll(/new (?:Arleo|Build)Error\(\s*'([a-z0-9_]+)'/g)) {
      codes.add(code);
    }
  }
  return codes;
}

describe('docs/errors.md', () => {
  const page = readFileSync(path.join(root, 'docs/errors.md'), 'utf8');
  const documented = new Set([...page.matchAll(/^\| `([a-z0-9_]+)` +\|/gm)].map(([, code]) => code));

  it('explains every transport reason, with its status', () => {
    for (const [reason, { status }] of Object.entries(REASONS)) {
      expect(page).toMatch(new RegExp(`^\\| \`${reason}\` +\\| ${status} +\\|`, 'm'));
    }
  });

  it('explains every code that is thrown', () => {
    expect([...thrownCodes()].filter((code) => !documented.has(code))).toEqual([]);
  });

  it('explains nothing that does not exist', () => {
    const known = new Set([...Object.keys(REASONS), ...thrownCodes(), 'config_invalid']);
    expect([...documented].filter((code) => !known.has(code ?? ''))).toEqual([]);
  });
});

it('is one version in every package', () => {
  const packages = [
    '.',
    ...['packages', 'services'].flatMap((folder) =>
      readdirSync(path.join(root, folder)).map((name) => `${folder}/${name}`),
    ),
  ];
  for (const folder of packages) {
    const { version } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
    expect({ folder, version }).toEqual({ folder, version: VERSION });
  }
});

/** Publish plug-ins bring their own variables. */
function pluginFiles(service: string): string[] {
  const folder = 'src/publish/plugins';
  if (!existsSync(path.join(root, 'services', service, folder))) return [];
  const names = readdirSync(path.join(root, 'services', service, folder));
  return names.filter((name) => !name.endsWith('.test.ts')).map((name) => `${folder}/${name}`);
}

describe('docs/configuration.md', () => {
  const page = readFileSync(path.join(root, 'docs/configuration.md'), 'utf8');

  it.each(['oauth-proxy', 'hugo-mcp-proxy', 'hugo-mcp-server'])(
    'lists the variables of %s, and no others',
    (service) => {
      const source = [`src/config.ts`, ...pluginFiles(service)]
        .map((file) => readFileSync(path.join(root, 'services', service, file), 'utf8'))
        .join('\n');
      const common = readFileSync(path.join(root, 'packages/runtime/src/config/variables.ts'), 'utf8');
      const names = (text: string) => [
        ...new Set([...text.matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)].map(([, name]) => name)),
      ];
      const section = page.split(/^## /m).find((part) => part.startsWith(service)) ?? '';
      const shared = page.split(/^## /m).find((part) => part.startsWith('All services')) ?? '';
      const listed = (text: string) => [...text.matchAll(/^\| `([A-Z0-9_]+)` +\|/gm)].map(([, name]) => name);
      expect(listed(section).sort()).toEqual(names(source).sort());
      expect(listed(shared).sort()).toEqual(names(common).sort());
    },
  );
});
