import { backedUpHost } from './backed-up-host.ts';
import type { StillHost } from './still-host.ts';

const BACKUP = '/usr/local/lib/arleo/backup.sh';
const RESTORE = '/usr/local/lib/arleo/restore.sh';
/** The newest archive. */
const NEWEST = '"$(ls /var/backups/arleo/*.gpg | tail -n 1)"';
const DECRYPT = `gpg --homedir /root/owner --batch -q --decrypt`;

/** Everything of a folder, with types, modes, owners by name, links' targets and bytes; no times. */
const picture = (folder: string) =>
  `(cd ${folder} && { find . ! -name . -printf '%P %y %M %u:%g %l\\0'; find . -type f -print0 | xargs -0 sha256sum -z; } | sort -z | tr '\\0\\n' '\\n?')`;

let host: StillHost;
beforeEach(async () => {
  host = await backedUpHost();
});
afterEach(() => host?.dispose());

/** How the last run ended, as it was written down. */
const status = async () => JSON.parse(await host.run('cat /var/lib/arleo/backup.json'));
const archives = async () =>
  (await host.run('ls -A /var/backups/arleo')).split('\n').filter((name) => /gpg|part/.test(name));

test('[R-BACKUP-ENCRYPTED] an archive is private, whole, and for the owner alone; nothing of it stays in clear', async () => {
  await host.run(BACKUP);
  expect(
    await host.run(`stat -c '%a %U' ${NEWEST} && cd /var/backups/arleo && sha256sum --check --strict --quiet *.sha256`),
  ).toBe('600 root\n');
  expect(await host.try(`gpg --homedir /root/stranger --batch --decrypt ${NEWEST} >/dev/null`)).toMatchObject({
    status: 2,
  });
  // Nothing of Arleo is needed to look into it, nor to check it.
  expect(
    await host.run(`mkdir /root/out && cd /root/out && ${DECRYPT} ${NEWEST} | tar -xi && sha256sum --check --strict --quiet MANIFEST
      find . -path '*releases*' -o -name '*.gpg'; grep -c . MANIFEST; grep -r SECRET_OF=hugo-mcp$ etc`),
  ).toMatch(/^\d+\netc\/hugo-mcp\/\.env:SECRET_OF=hugo-mcp\n$/);
  expect(await host.run('ls /run; ls -A /var/backups/arleo | grep -v "^arleo-.*gpg\\|.lock" || true')).not.toMatch(
    /arleo/,
  );
  expect(await host.run(`grep -ac SECRET_OF /var/backups/arleo/* || true`)).not.toMatch(/:[1-9]/);
  expect(await status()).toMatchObject({ last_success: { oauth_state: 'none', files: expect.any(Number) } });
  expect(await host.run('tail -n 1 /var/log/arleo/audit.jsonl')).toContain('"event_type":"backup.made"');
  expect(await host.run('/usr/local/lib/arleo/arleo.js backup status')).toContain('.tar.gpg');
});

test('[R-BACKUP-RESTORE] whatever files are called, they come back with their bytes, modes, owners and links', async () => {
  const places = '/etc/hugo-mcp /etc/mcp-oauth-proxy /srv/site';
  const before = await host.run(`for place in ${places}; do ${picture('$place')}; done`);
  expect(before).toContain('new?line.md');
  await host.run(BACKUP);
  await host.run(`cp ${NEWEST} /root/kept.tar.gpg && rm -rf ${places} /etc/hugo-mcp-proxy /var/lib/hugo-mcp /var/lib/hugo-mcp-proxy /var/lib/mcp-oauth-proxy /etc/arleo
    ${DECRYPT} /root/kept.tar.gpg | ${RESTORE} -`);
  expect(await host.run(`for place in ${places}; do ${picture('$place')}; done`)).toBe(before);
  expect(
    await host.run(
      '. /root/site.sh; as_site git fsck --strict && as_site git status --short && as_site git log --format=%s',
    ),
  ).toBe('Content as it was found\n');
  expect(await host.run('cat /root/systemctl.log; ls -d /var/lib/.arleo* /run/arleo* 2>/dev/null || true')).toMatch(
    /restart mcp-oauth-proxy\n[^/]*$/,
  );
});

test('[R-BACKUP-CONSISTENT] changes that go on while files are read are whole in what is restored, or not there', async () => {
  // One page is changed and taken back around the reading, the others change behind it: a copy has them as they no longer are.
  await host.run(`cat >/usr/local/bin/tar <<'END'
#!/bin/bash
. /root/site.sh
reads_places() { [[ " $* " == *backup.json* ]]; }
if reads_places "$@"; then as_site sh -c 'echo refused >content/one.md; echo refused >content/never.md'; commit refused; fi
/usr/bin/tar "$@" || exit
if reads_places "$@"; then
  as_site sh -c 'echo one >content/one.md; rm content/never.md'; commit 'taken back'
  as_site sh -c 'mv content/two.md content/moved.md; echo changed >content/three.md; rm content/four.md; mkdir content/new; echo new >"content/new/-
.md"'
  commit changed
fi
END
    chmod 0755 /usr/local/bin/tar && ${BACKUP} && rm /usr/local/bin/tar`);
  const now = await host.run(picture('/srv/site'));
  await host.run(
    `. /root/site.sh; as_site sh -c 'echo later >content/later.md'; commit later; ${RESTORE} --force --gnupghome /root/owner ${NEWEST}`,
  );
  const restored = await host.run(picture('/srv/site'));
  expect(restored.split('\n').filter((line) => !now.includes(line))).toEqual([]);
  expect(restored).toBe(now);
  expect(
    await host.run('. /root/site.sh; as_site git fsck && as_site git status --short && as_site git log -1 --format=%s'),
  ).toBe('changed\n');
  expect(await host.run('cat /srv/site.before-restore-*/content/later.md')).toBe('later\n');
});

test('[R-BACKUP-LOUD] a full disk costs no earlier archive', async () => {
  await host.run(`mkdir -p /var/backups/arleo && mount -t tmpfs -o size=2m tmpfs /var/backups/arleo && ${BACKUP}`);
  const before = await archives();
  await host.run('head -c 3000000 /dev/urandom >/srv/site/content/large.png');
  expect(await host.try(BACKUP)).toMatchObject({ status: 1, stderr: expect.stringContaining('is full') });
  expect(await archives()).toEqual(before);
  expect(await status()).toMatchObject({
    last_success: {},
    last_failure: { reason: 'the disk of /var/backups/arleo is full' },
  });
});

test('one at a time, in memory alone, and what was killed leaves nothing', async () => {
  await host.run(`mkdir -p /var/backups/arleo && touch /var/backups/arleo/arleo-x-20260101T000000Z.tar.gpg.part`);
  expect(await host.try(`flock /var/backups/arleo/.lock ${BACKUP}`)).toMatchObject({ status: 75 });
  expect(await host.try('cat /var/lib/arleo/backup.json')).toMatchObject({ status: 1 });
  expect(await host.try(`RUNTIME_DIRECTORY=/root ${BACKUP}`)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('is on a disk'),
  });
  expect(await archives()).toEqual([]);
});

test('[R-BACKUP-KEEP] archives go after their days, never all of them, whatever the clock says', async () => {
  const name = (day: number, year = 2001) =>
    `arleo-$(uname -n)-${year}01${String(day).padStart(2, '0')}T000000Z.tar.gpg`;
  const make = (names: string[]) =>
    host.run(
      `mkdir -p /var/backups/arleo && cd /var/backups/arleo && for name in ${names.join(' ')}; do echo x >$name; echo x >$name.sha256; done`,
    );
  // As if the clock had gone a quarter of a century ahead: everything looks old.
  await make(Array.from({ length: 12 }, (_, i) => name(i + 1)));
  await make([name(1, 2099)]);
  // One that was never checked is no good one.
  await host.run(
    `cd /var/backups/arleo && rm ${name(12)}.sha256 && echo KEEP_DAYS=10 >>/etc/arleo/backup.conf && touch arleo-$(uname -n)-notes.tar.gpg mine.txt`,
  );
  await host.run(BACKUP);
  const left = (await archives()).filter((one) => one.endsWith('.gpg'));
  const days = left.flatMap((one) => /-2001(\d{4})T/.exec(one)?.[1] ?? []);
  expect(days).toEqual(['0104', '0105', '0106', '0107', '0108', '0109', '0110', '0111', '0112']);
  expect(left).toHaveLength(9 + 3);
  expect(await host.run(`ls /var/backups/arleo | grep -c 'mine\\|0103T' || true`)).toBe('1\n');
});

test('the key may be brought as a file with its passphrase; it is used in memory alone', async () => {
  await host.run(`gpg --homedir /root/owner --armor --batch --export-secret-keys >/root/secret.asc && echo >/root/passphrase && ${BACKUP}
    ${RESTORE} --force --key /root/secret.asc --passphrase-file /root/passphrase ${NEWEST}`);
  expect(await host.run('ls -d /run/arleo* 2>/dev/null || true')).toBe('');
});
