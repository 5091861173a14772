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
  await host.run(
    `mkdir -p /var/backups/arleo && mount -t tmpfs -o size=2m,mode=0700 tmpfs /var/backups/arleo && ${BACKUP}`,
  );
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

test('[R-BACKUP-LOUD] what would be thought to be in the archive, and would not, is a failure', async () => {
  await host.run('mv /var/lib/hugo-mcp-proxy /srv/moved && ln -s /srv/moved /var/lib/hugo-mcp-proxy');
  expect(await host.try(BACKUP)).toMatchObject({ status: 78, stderr: expect.stringContaining('is a link') });
  await host.run('rm /var/lib/hugo-mcp-proxy && mv /srv/moved /var/lib/hugo-mcp-proxy');

  const show = (line: string) =>
    host.run(
      `cp /usr/local/bin/systemctl /root/ && sed -i 's|show) exit 1|show) echo "${line}"|' /usr/local/bin/systemctl`,
    );
  await show('STATE_DIR=/data/$4');
  expect(await host.try(BACKUP)).toMatchObject({ status: 78, stderr: expect.stringContaining('STATE_DIR=/data/') });
  await host.run('mv /root/systemctl /usr/local/bin/');
  await show('STATE_DIR=/var/lib/$4 AUDIT_LOG=/var/log/$4/audit.jsonl');
  await host.run(BACKUP);
});

test('[R-BACKUP-RESTORE] the public certificate comes back with its key, wherever nginx has it; locks do not', async () => {
  const tls = '/etc/letsencrypt /etc/ssl/mcp';
  await host.run(`mkdir -p /etc/nginx/conf.d /etc/letsencrypt/{live,archive}/x /etc/ssl/mcp
    echo chain >/etc/letsencrypt/archive/x/fullchain1.pem; ln -s ../../archive/x/fullchain1.pem /etc/letsencrypt/live/x/fullchain.pem
    echo key >/etc/ssl/mcp/real.key; chmod 0640 /etc/ssl/mcp/real.key; ln -s real.key /etc/ssl/mcp/mcp.key
    printf '%s\n' '  ssl_certificate /etc/letsencrypt/live/x/fullchain.pem;' '  ssl_certificate_key "/etc/ssl/mcp/mcp.key";' >/etc/nginx/conf.d/mcp.conf
    touch /etc/hugo-mcp/server.crt.lock /var/lib/hugo-mcp/service.lock /srv/site/content/yarn.lock
    ${BACKUP} && cp ${NEWEST} /root/kept.tar.gpg && rm -rf ${tls}
    ${RESTORE} --force --gnupghome /root/owner /root/kept.tar.gpg`);
  expect(
    await host.run(
      'cat /etc/letsencrypt/live/x/fullchain.pem /etc/ssl/mcp/mcp.key; stat -c "%a %F" /etc/ssl/mcp/mcp.key; ls /etc/hugo-mcp/*.lock /var/lib/hugo-mcp/*.lock /srv/site/content/*.lock 2>/dev/null || true',
    ),
  ).toBe('chain\nkey\n640 regular file\n/srv/site/content/yarn.lock\n');
  await host.run(`echo newer >/etc/letsencrypt/archive/x/fullchain1.pem; rm /etc/ssl/mcp/mcp.key; sleep 1
    ${RESTORE} --force --gnupghome /root/owner /root/kept.tar.gpg`);
  expect(await host.run('cat /etc/letsencrypt/live/x/fullchain.pem /etc/ssl/mcp/mcp.key')).toBe('newer\nkey\n');
});

test('a disk that is not empty is found before anything is changed; what a fresh one begins with is nothing', async () => {
  await host.run(`${BACKUP} && cp ${NEWEST} /root/kept.tar.gpg && rm -rf /srv/site && mkdir /srv/site
    mount -t tmpfs tmpfs /srv/site && mkdir /srv/site/lost+found && touch /srv/site/mine`);
  expect(await host.try(`${RESTORE} --force --gnupghome /root/owner /root/kept.tar.gpg`)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('/srv/site is a disk with something on it'),
  });
  expect(await host.run('ls -d /etc/*.before-restore* /var/lib/*.before-restore* 2>/dev/null || true')).toBe('');
  await host.run(`rm /srv/site/mine && ${RESTORE} --force --gnupghome /root/owner /root/kept.tar.gpg`);
  expect(await host.run('cat /srv/site/content/one.md; ls -d /srv/site/lost+found')).toBe(
    'one\n/srv/site/lost+found\n',
  );
});

test('one restore at a time; what one left in clear that was killed goes with the next', async () => {
  await host.run(`${BACKUP}; mkdir /var/lib/.arleo-restore.abcdefgh /run/arleo-restore.abcdefgh`);
  const restore = `${RESTORE} --force --gnupghome /root/owner ${NEWEST}`;
  expect(await host.try(`flock /var/lib ${restore}`)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('another restore is running'),
  });
  await host.run(restore);
  expect(await host.run('ls -d /var/lib/.arleo-restore.* /run/arleo-restore.*/ 2>/dev/null || true')).toBe('');
});
