import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { ArleoError } from '@arleo/core/errors';
import { readDownloadedRanges } from '../address-ranges/downloaded-ranges.ts';
import { type AddressRanges, RANGE_SOURCES, type RangeList } from '../address-ranges/known-ranges.ts';
import { type FileChange, planChanges, writeChange } from '../address-ranges/range-files.ts';
import { formatRanges, readStoredRanges, STORED_RANGES } from '../address-ranges/stored-ranges.ts';
import { UsageError } from '../usage-error.ts';
import type { Command } from './command.ts';

/** What became of one list. */
interface ListChange {
  list: RangeList;
  added: string[];
  removed: string[];
}

/** `arleo egress update` */
export const egressUpdate: Command = {
  name: 'egress update',
  summary: 'put the address ranges of GitHub, Cloudflare and Anthropic, as you downloaded them, where they are used',
  help: `arleo egress update: put downloaded address ranges into the drop-ins of systemd and into nginx

Usage: arleo egress update [--github FILE] [--cloudflare FILE]… [--anthropic FILE] [--dry-run]

  --github FILE       curl -fsSo meta.json https://api.github.com/meta
  --cloudflare FILE   curl -fsSo ips-v4 https://www.cloudflare.com/ips-v4, and the same for ips-v6: give both
  --anthropic FILE    the outbound ranges of https://platform.claude.com/docs/en/api/ip-addresses, one a line
  --replace           take a list that has no range in common with the one before
  --dry-run           show what would change, and change nothing
  --etc DIR           default /etc
  --json              one line of JSON instead of text, errors too

Changed are those that are there of
  systemd/system/hugo-mcp.service.d/github.conf, cloudflare.conf   where hugo-mcp may connect to
  nginx/arleo/callers.conf                                         who may call, if it is callers-listed.conf
between their lines "# ranges: NAME" and "# end of ranges", and arleo/address-ranges.json, which keeps the lists of this host.
Without a file the lists that it keeps (or came with the release) are put in. Every range is checked: public, not too wide,
well written; one that is not, and nothing is changed. Nothing is downloaded, reloaded or restarted: it says what is to be.
`,
  options: {
    github: { type: 'string' },
    cloudflare: { type: 'string', multiple: true },
    anthropic: { type: 'string' },
    replace: { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    etc: { type: 'string' },
  },
  async run(values) {
    const text = (name: string): string | undefined => {
      const value = values[name];
      if (value === '') throw new UsageError(`--${name} is empty.`, 'Give the path of a file.');
      return typeof value === 'string' ? value : undefined;
    };
    const [etc = '/etc', github, anthropic] = [text('etc'), text('github'), text('anthropic')];
    const cloudflare = [values.cloudflare ?? []].flat() as string[];
    if (cloudflare.includes('')) throw new UsageError('--cloudflare is empty.', 'Give the path of a file.');
    const dry = values['dry-run'] === true;

    const stored = path.join(etc, STORED_RANGES);
    const before = await readStoredRanges(stored);
    const downloaded = await readDownloadedRanges({
      cloudflare,
      ...(github === undefined ? {} : { github }),
      ...(anthropic === undefined ? {} : { anthropic }),
    });
    const ranges: AddressRanges = { ...before, ...downloaded };
    const lists = (Object.keys(RANGE_SOURCES) as RangeList[]).map((list) => compare(list, before[list], ranges[list]));
    if (values.replace !== true) for (const list of lists) refuseStrangers(list, ranges);
    const files = await planChanges(etc, ranges);
    const isNew = lists.some(({ added, removed }) => added.length + removed.length > 0);
    if (!dry) {
      for (const { file, text: next } of files) if (next !== undefined) await writeChange(file, next);
      if (isNew) {
        await mkdir(path.dirname(stored), { recursive: true, mode: 0o755 });
        await writeChange(stored, formatRanges(ranges));
      }
    }
    const apply = [...new Set(files.filter(({ state }) => state === 'changed').map((one) => one.apply))];
    return {
      text: describe(lists, files, isNew ? stored : undefined, apply, dry),
      value: {
        dry_run: dry,
        lists: lists.filter(({ added, removed }) => added.length + removed.length > 0),
        files: files.map(({ file, state }) => ({ file, state })),
        apply,
      },
    };
  },
};

function compare(list: RangeList, before: readonly string[], after: readonly string[]): ListChange {
  return {
    list,
    added: after.filter((range) => !before.includes(range)),
    removed: before.filter((range) => !after.includes(range)),
  };
}

/** A list of somebody else is most probably a wrong file. */
function refuseStrangers({ list, added }: ListChange, ranges: AddressRanges): void {
  if (added.length < ranges[list].length) return;
  throw new ArleoError('ranges_unlike', `The list of ${list} has no range in common with the one before.`, {
    hint: `Nothing was changed. Compare it with ${RANGE_SOURCES[list]}; if it is right, give --replace too.`,
  });
}

function describe(
  lists: readonly ListChange[],
  files: readonly FileChange[],
  stored: string | undefined,
  apply: readonly string[],
  dry: boolean,
): string {
  const diff = lists.flatMap(({ list, added, removed }) => [
    ...removed.map((range) => `- ${list} ${range}\n`),
    ...added.map((range) => `+ ${list} ${range}\n`),
  ]);
  const said = {
    absent: '',
    unmarked: 'has no marked ranges and stays as it is',
    same: 'is up to date',
    changed: dry ? 'would be changed' : 'changed',
  };
  const rows = files.filter(({ state }) => state !== 'absent').map(({ file, state }) => `${file} ${said[state]}\n`);
  const kept = stored === undefined ? [] : [`${stored} ${said.changed}\n`];
  const then = apply.length === 0 || dry ? [] : ['To make it count:\n', ...apply.map((command) => `  ${command}\n`)];
  const none = rows.length + kept.length === 0 ? ['Nothing on this host holds address ranges.\n'] : [];
  return [...diff, ...rows, ...kept, ...none, ...then].join('');
}
