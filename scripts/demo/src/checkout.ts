import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout that this runs from; the bundle in `dist/` lies as deep as this source, so both find it. */
export const CHECKOUT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

/** The example site that a fresh state gets a copy of. */
export const EXAMPLE_SITE = path.join(CHECKOUT, 'scripts/demo/site');

/** The entry point of a bundled service, or of the static server. */
export function bundle(folder: string, name = 'main'): string {
  return path.join(CHECKOUT, folder, 'dist', `${name}.js`);
}
