import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const parts = fileURLToPath(new URL('../scripts/install', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'arleo-put-back-'));
  mkdirSync(path.join(folder, 'old'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a failing run does at its end, with a release "old" to go back to; all that would touch the host only takes notes. */
const RUN = `set -euo pipefail
T="$0" PARTS="$1"
. "$PARTS/say.sh"
DRY_RUN='' RECORD="$T/record" RELEASES="$T" RELEASE=new
declare -A ANSWER=([ROLE]=all)
. "$PARTS/put-back.sh"
proven_release() { echo old; }
note() { echo "$*" >>"$T/notes"; }
restore_files() { note files; kill -INT $$; kill -HUP $$; }
restore_settings() { note settings; }
link_atomically() { note "link $1"; }
restart_all() { note restarted; exit 1; }
self_test() { note tested; [[ $(grep -c tested "$T/notes") -ge \${WORKS_AT:-1} ]]; }
sleep() { :; }
begin_changes
`;

function statusOf(script: string): number {
  try {
    execFileSync('bash', ['-c', RUN + script, folder, parts], { stdio: 'ignore' });
    return 0;
  } catch (error) {
    return (error as { status: number }).status;
  }
}

const ALL = 'files\nsettings\nlink old\nrestarted\ntested\n';

test.each([
  ['that works when it is asked for the third time was put back', 3, 6, 3],
  ['that never works is broken', 99, 7, 5],
])('[R-INSTALL-ROLLBACK] a release %s', (_, worksAt, status, asked) => {
  expect(statusOf(`WORKS_AT=${worksAt}; false`)).toBe(status);
  expect(readFileSync(path.join(folder, 'notes'), 'utf8').match(/tested/g)).toHaveLength(asked);
});

test.each([
  ['a command fails', 'false'],
  ['Ctrl-C is pressed', 'kill -INT $$'],
  ['the terminal goes', 'kill -HUP $$'],
  ['the program that reads what it says is gone', `mkfifo "$T/pipe"; exec 3<>"$T/pipe" 1>"$T/pipe" 3<&-; echo x`],
])('[R-INSTALL-ROLLBACK] all is put back when %s, and no further signal keeps it from that', (_, end) => {
  expect(statusOf(end)).toBe(6);
  expect(readFileSync(path.join(folder, 'notes'), 'utf8')).toBe(ALL);
});
