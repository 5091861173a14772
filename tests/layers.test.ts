import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const biome = path.join(root, 'node_modules/.bin/biome');

/** Lints one import as if it stood in `file`; resolves to whether the layer rule refused it. */
function refuses(file: string, specifier: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = execFile(biome, ['lint', `--stdin-file-path=${file}`], { cwd: root }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve(`${stdout}${stderr}`.includes('noRestrictedImports'));
    });
    child.stdin?.end(`import { x } from '${specifier}';\nexport const y = x;\n`);
  });
}

describe('layer directions, held by lint', () => {
  it.each([
    ['packages/core/src/a.ts', '@arleo/runtime/http/edge'],
    ['packages/core/src/a.ts', 'node:http'],
    ['packages/core/src/a.ts', 'express'],
    ['packages/runtime/src/a.ts', '@arleo/cli/token-mgr'],
    ['packages/runtime/src/a.ts', '@arleo/oauth-proxy/config'],
    ['packages/cli/src/a.ts', '@arleo/hugo-mcp-server/config'],
    ['services/oauth-proxy/src/a.ts', '@arleo/hugo-mcp-proxy/config'],
    ['services/oauth-proxy/src/a.ts', '../../hugo-mcp-proxy/src/config.ts'],
    ['services/hugo-mcp-server/src/content/a.ts', '../http/edge.ts'],
    ['services/hugo-mcp-server/src/content/a.ts', '../mcp/handler.ts'],
    ['services/hugo-mcp-server/src/content/a.ts', '../main.ts'],
  ])('%s may not import %s', async (file, specifier) => {
    expect(await refuses(file, specifier)).toBe(true);
  });

  it.each([
    ['packages/core/src/a.ts', './errors.ts'],
    ['packages/runtime/src/a.ts', '@arleo/core/errors'],
    ['packages/cli/src/a.ts', '@arleo/core/tokens/token'],
    ['services/oauth-proxy/src/http/a.ts', '@arleo/runtime/http/edge'],
    ['services/oauth-proxy/src/main.ts', './http/edge.ts'],
    ['services/hugo-mcp-server/src/tools/a.ts', '../content/store.ts'],
  ])('%s may import %s', async (file, specifier) => {
    expect(await refuses(file, specifier)).toBe(false);
  });
});
