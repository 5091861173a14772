import type { Assets } from '../assets/open-assets.ts';
import type { Editor } from '../content/editor.ts';
import type { Reader } from '../content/reader.ts';
import { allTools } from './all-tools.ts';
import { publishedShape } from './results.ts';

test('what waits for the publish plug-ins answers as a stream, for the hops before wait 10 s for a first byte', () => {
  const waiting = allTools({} as Reader, {} as Editor, {} as Assets).filter(
    ({ output }) => output.shape.published === publishedShape,
  );
  expect(waiting.map(({ name }) => name)).toContain('rollback_site');
  for (const { name, slow } of waiting) expect({ name, slow }).toEqual({ name, slow: true });
});
