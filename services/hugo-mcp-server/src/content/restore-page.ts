import path from 'node:path';
import type { RestorePageArgs } from '@arleo/core/content/apply-arguments';
import { ABSENT_REVISION } from '@arleo/core/content/argument-parts';
import { ArleoError } from '@arleo/core/errors';
import { type PageKind, parseContentFile, routeKey, routeOf } from '../site/page-file.ts';
import type { FileEdit, Plan, Workspace } from './change.ts';
import { requireLanguage, requireRevision } from './find-page.ts';
import type { History } from './history.ts';
import type { HistoryLog } from './history-log.ts';
import { refuseInsideBundle } from './new-page-file.ts';
import { revisionOf } from './revision.ts';

/** What a restoration notes for its answer. */
export interface RestoreNotes extends Record<string, unknown> {
  /** The commit whose state the page has now. */
  as_of: string;
  /** Files of the bundle that were given back with it. */
  resources: string[];
  /** Files of it that are still gone, because they would have been too many. */
  resources_left: number;
}

/** As many files of a bundle as are given back. */
const maxResources = 200;

/** As many commits of one file as are looked at. */
const maxCommits = 1000;

/** Where a restoration looks for versions: through the moves of a page, and whether they lasted. */
export interface PastVersions {
  history: History;
  log: Pick<HistoryLog, 'entries'>;
}

/** A version of a page in the history. */
interface Version {
  file: string;
  commit: string;
  bytes: Buffer;
}

/**
 * A page as it was: a version that is named, else the one before the present one, else (of a deleted page) the last one.
 * Files of its bundle that the history has beside that version and that are gone are given back too; those that are
 * there stay as they are.
 *
 * @throws {@link ArleoError} when planned: `lang_unknown`, `page_not_found`, `revision_unknown`, `revision_mismatch`,
 *   `inside_bundle`, `symlink_refused`, `git_failed`
 */
export function restorePage({ route, lang, revision, expected_revision }: RestorePageArgs, past: PastVersions): Plan {
  const { history } = past;
  return async (workspace) => {
    requireLanguage(workspace, lang);
    const present = workspace.index.find(route, lang);
    const now = present === undefined ? undefined : await workspace.files.read(present.file);
    if (now === undefined && expected_revision !== undefined && expected_revision !== ABSENT_REVISION) {
      throw new ArleoError('revision_mismatch', `There is no page at "${route}" in ${lang} now.`, {
        hint: `Give "${ABSENT_REVISION}" as expected_revision, or leave it out.`,
      });
    }
    if (now !== undefined) requireRevision(now, expected_revision);
    const places = present === undefined ? await pastFiles(workspace, history, route, lang) : [present.file];
    const version = await findVersion(past, places, revision, now);
    if (version === undefined) throw unknown(route, lang, places.length > 0, revision);
    const { commit, bytes } = version;
    // A page that was moved since stays where it is.
    const file = present?.file ?? version.file;
    const kind = present?.kind ?? kindOf(workspace, file);
    if (present === undefined) refuseInsideBundle(workspace, file);
    const edits: FileEdit[] = now?.equals(bytes) === true ? [] : [{ file, before: now, after: bytes }];
    const gone = kind === 'bundle' ? await goneResources(workspace, history, version, file) : { edits: [], left: 0 };
    const resources = gone.edits;
    const notes: RestoreNotes = {
      as_of: commit,
      resources: resources.map((edit) => edit.file),
      resources_left: gone.left,
    };
    return {
      pages: [{ page: { file, route: present?.route ?? route, lang, kind }, revision: revisionOf(bytes) }],
      edits: [...edits, ...resources],
      notes,
      message: `Restore ${route} (${lang}) as of ${commit.slice(0, 12)}`,
    };
  };
}

/** Where a page was that is not there any more, the latest place first. */
async function pastFiles({ site }: Workspace, history: History, route: string, lang: string): Promise<string[]> {
  const facts = site.facts();
  const wanted = routeKey(route, lang);
  return (await history.everyFile()).filter((file) => {
    const parsed = parseContentFile(facts, file);
    return parsed !== undefined && routeKey(routeOf(parsed).route, parsed.lang) === wanted;
  });
}

async function findVersion(
  { history, log }: PastVersions,
  files: readonly string[],
  wanted: string | undefined,
  now: Buffer | undefined,
): Promise<Version | undefined> {
  for (const file of files) {
    for (const { commit, file: then, takenBack } of await log.entries(file, { skip: 0, limit: maxCommits })) {
      // What did not last is given back only to who names it.
      if (wanted === undefined ? takenBack : wanted.length === 40 && commit !== wanted) continue;
      const bytes = await history.show(commit, then);
      if (bytes === undefined) continue;
      const fits =
        wanted === undefined ? now?.equals(bytes) !== true : wanted.length === 40 || revisionOf(bytes) === wanted;
      if (fits) return { file: then, commit, bytes };
    }
    // A commit that changed other files has a state of this one too.
    const bytes = wanted?.length === 40 ? await history.show(wanted, file) : undefined;
    if (wanted !== undefined && bytes !== undefined) return { file, commit: wanted, bytes };
  }
  return undefined;
}

async function goneResources(
  { files }: Workspace,
  history: History,
  { file: then, commit }: Version,
  now: string,
): Promise<{ edits: FileEdit[]; left: number }> {
  // A page that was no bundle then has no files of its own.
  if (!path.posix.basename(then).startsWith('index.')) return { edits: [], left: 0 };
  const dir = path.posix.dirname(then);
  const edits: FileEdit[] = [];
  let left = 0;
  for (const file of await history.filesIn(commit, dir)) {
    // Its translations are pages of their own.
    if (/^index\./.test(file.slice(dir.length + 1))) continue;
    const place = path.posix.dirname(now) + file.slice(dir.length);
    if ((await files.size(place)) !== undefined) continue;
    if (edits.length === maxResources) {
      left += 1;
      continue;
    }
    const after = await history.show(commit, file);
    if (after !== undefined) edits.push({ file: place, before: undefined, after });
  }
  return { edits, left };
}

function kindOf({ site }: Workspace, file: string): PageKind {
  const parsed = parseContentFile(site.facts(), file);
  return parsed === undefined ? 'single' : routeOf(parsed).kind;
}

function unknown(route: string, lang: string, known: boolean, revision: string | undefined): ArleoError {
  if (!known) {
    return new ArleoError('page_not_found', `The history has no page at "${route}" in ${lang}.`, {
      hint: 'A page that was moved has its earlier versions under its earlier route.',
    });
  }
  const what = revision === undefined ? 'no other version' : `no version ${revision}`;
  return new ArleoError('revision_unknown', `The history has ${what} of "${route}" in ${lang}.`, {
    hint: 'page_history shows the versions that there are.',
  });
}
