import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

// Each case is one file with one import; a copy of the real configuration judges them all in one run.
const refused: [file: string, specifier: string][] = [
  ['packages/core/src/runtime.ts', '@arleo/runtime/http/edge'],
  ['packages/core/src/http.ts', 'node:http'],
  ['packages/core/src/express.ts', 'express'],
  ['packages/runtime/src/cli.ts', '@arleo/cli/token-mgr'],
  ['packages/runtime/src/service.ts', '@arleo/oauth-proxy/config'],
  ['packages/cli/src/service.ts', '@arleo/hugo-mcp-server/config'],
  ['services/oauth-proxy/src/service.ts', '@arleo/hugo-mcp-proxy/config'],
  ['services/oauth-proxy/src/relative.ts', '../../hugo-mcp-proxy/src/config.ts'],
  ['services/hugo-mcp-server/src/content/http.ts', '../http/edge.ts'],
  ['services/hugo-mcp-server/src/content/mcp.ts', '../mcp/handler.ts'],
  ['services/hugo-mcp-server/src/content/main.ts', '../main.ts'],
];
const allowed: [file: string, specifier: string][] = [
  ['packages/core/src/errors.ts', './audit/event.ts'],
  ['packages/runtime/src/core.ts', '@arleo/core/errors'],
  ['packages/cli/src/core.ts', '@arleo/core/tokens/token'],
  ['services/oauth-proxy/src/http/runtime.ts', '@arleo/runtime/http/edge'],
  ['services/oauth-proxy/src/main.ts', './http/edge.ts'],
  ['services/hugo-mcp-server/src/tools/content.ts', '../content/store.ts'],
];

describe('layer directions, held by lint', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'arleo-layers-'));
  let report: string;

  beforeAll(() => {
    execFileSync('git', ['init', '-q', folder]);
    cpSync(path.join(root, 'biome.json'), path.join(folder, 'biome.json'));
    for (const [file, specifier] of [...refused, ...allowed]) {
      mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
      writeFileSync(path.join(folder, file), `import { x } from '${specifier}';\nexport const y = x;\n`);
    }
    const biome = path.join(root, 'node_modules/.bin/biome');
    report = spawnSync(biome, ['lint', '--only=style/noRestrictedImports', '--max-diagnostics=none', '.'], {
      cwd: folder,
      encoding: 'utf8',
    }).stderr;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(refused)('%s may not import %s', (file) => {
    expect(report).toContain(`${file}:`);
  });

  it.each(allowed)('%s may import %s', (file) => {
    expect(report).not.toContain(`${file}:`);
  });
});
