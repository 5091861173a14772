import * as z from 'zod';
import type { AssetNotes, Assets } from '../assets/open-assets.ts';
import { changeFacts, changeShape, isDryRun, type Written } from './results.ts';

/** The result of a write of a file that is no page. */
export const assetShape = {
  file: z.string().describe('Relative to the site.'),
  revision: z.string().nullable().describe('Revision of the file now; null if it was deleted.'),
  live: z.boolean().describe('Visitors get this state now: exactly these bytes, or for a deletion no file.'),
  url: z.string().nullable().describe('Where visitors get exactly these bytes; null if they do not.'),
  ...changeShape,
};

/** The structured result of such a write. */
export async function assetFacts(assets: Assets, written: Written) {
  const notes = written.notes as AssetNotes;
  const undone = isDryRun(written) || written.building !== undefined;
  const { live, url } = undone ? { live: false, url: undefined } : await assets.presence(notes);
  const { file, revision } = notes;
  return { file, revision, live, url: url ?? null, ...changeFacts(written) };
}
