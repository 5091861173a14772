import { backedUpHost } from './backed-up-host.ts';
import type { StillHost } from './still-host.ts';

const BACKUP = '/usr/local/lib/arleo/backup.sh';
const RESTORE = '/usr/local/lib/arleo/restore.sh';
/** The one archive of the owner. */
const GOOD = '/root/good.tar.gpg';
const OWNER = 'gpg --homedir /root/owner --batch -q';

/** Everything that a backup or restore may touch, in one number. */
const PICTURE = `find /etc /var/lib /srv /var/backups ! -path '/var/lib/arleo*' -printf '%p %y %M %u:%g %l\\0' | sort -z | cat - <(find /etc /var/lib /srv -type f ! -path '/var/lib/arleo*' -print0 | sort -z | xargs -0 cat) | sha256sum`;

let host: StillHost;
beforeAll(async () => {
  host = await backedUpHost();
  await host.run(
    `${BACKUP} && cp /var/backups/arleo/*.gpg ${GOOD} && ${OWNER} --decrypt ${GOOD} >/root/good.tar && cp -a /etc/arleo /root/arleo`,
  );
});
afterAll(() => host?.dispose());
beforeEach(() => host.run('rm -rf /etc/arleo /root/out /root/forged* && cp -a /root/arleo /etc/arleo'));

test.each([
  ['no configuration', 'rm /etc/arleo/backup.conf', 'is not there'],
  ['one that others can write', 'chmod 0666 /etc/arleo/backup.conf', 'written by others'],
  ['one that runs something', 'echo "KEY=\\$(touch /pwned)" >/etc/arleo/backup.conf', 'not a fingerprint'],
  ['an unknown name', 'echo "KEEP=3" >>/etc/arleo/backup.conf', 'unknown name'],
  ['another key', 'gpg --homedir /root/stranger --armor --export >/etc/arleo/backup-key.asc', 'does not hold exactly'],
  ['two keys', 'gpg --homedir /root/stranger --armor --export >>/etc/arleo/backup-key.asc', 'does not hold exactly'],
  [
    'the private key',
    'gpg --homedir /root/owner --armor --export-secret-keys >/etc/arleo/backup-key.asc',
    'private key',
  ],
  [
    'a folder that others can write to',
    'mkdir -p /root/open && chmod 0777 /root/open && echo FOLDER=/root/open >>/etc/arleo/backup.conf',
    'can be written by others',
  ],
  [
    'a key that has ended',
    `${OWNER} --quick-set-expire $(sed s/KEY=// /etc/arleo/backup.conf) seconds=1
    ${OWNER} --quick-set-expire $(sed s/KEY=// /etc/arleo/backup.conf) seconds=1 '*'
    sleep 2; gpg --homedir /root/owner --armor --export >/etc/arleo/backup-key.asc`,
    'expired',
  ],
])('[R-BACKUP-LOUD] with %s there is no backup, and it is said', async (_, change, said) => {
  const before = await host.run('ls /var/backups/arleo');
  await host.run(change);
  const { status: code, stderr } = await host.try(BACKUP);
  expect(stderr).toContain(said);
  expect(code).toBe(78);
  expect(JSON.parse(await host.run('cat /var/lib/arleo/backup.json'))).toMatchObject({
    last_failure: { reason: expect.stringContaining(said) },
  });
  expect(await host.run('tail -n 1 /var/log/arleo/audit.jsonl')).toContain('"event_type":"backup.failed"');
  expect(await host.try('/usr/local/lib/arleo/arleo.js backup status')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining(said),
  });
  expect(await host.run('ls /pwned /var/backups/arleo 2>/dev/null || true')).not.toContain('pwned');
  expect(await host.run('ls /var/backups/arleo')).toBe(before);
});

/** What an attacker with the public key sends: the parts of a good one, with a change to its files, encrypted anew. */
const forge = (
  change: string,
  after = '',
) => `mkdir /root/out && cd /root/out && tar -xif /root/good.tar && rm -f ../{forged,files,manifest,out,l1,l2}.tar
    tar -cf ../forged.tar ABOUT; rm ABOUT MANIFEST; ${change}
    tar -cf ../files.tar -P *; find * -type f -exec sha256sum {} + >../MANIFEST; ${after}
    tar -cf ../manifest.tar -C .. MANIFEST; cat ../files.tar ../manifest.tar >>../forged.tar`;

/** A good archive that says something else of itself. */
const reword = (line: string) => `mkdir -p /root/out && cd /root/out && tar -xif /root/good.tar ABOUT
    sed -i '/^${line.replace(/=.*/, '')}=/d' ABOUT && echo '${line}' >>ABOUT && tar -cf ../forged.tar ABOUT && tail -c +10241 /root/good.tar >>../forged.tar`;

test.each([
  [
    'a changed file',
    forge('true', 'echo x >>etc/hugo-mcp/.env; tar -cf ../files.tar *'),
    'not those that were backed up',
  ],
  ['a file less', forge('true', 'rm etc/hugo-mcp/.env; tar -cf ../files.tar *'), 'not those that were backed up'],
  ['a file more', forge('true', 'echo x >etc/hugo-mcp/more; tar -cf ../files.tar *'), 'MANIFEST does not name'],
  ['a file elsewhere', forge('mkdir -p etc/cron.d && echo x >etc/cron.d/x'), 'where no backup has: /etc/cron.d'],
  ['a program of root', forge('cp /bin/true srv/site/x && chmod 4755 srv/site/x'), 'run as others'],
  [
    'a path that leads out',
    `${forge('true')}; echo x >/root/evil; cd /root/out
      tar -cf ../out.tar -P --transform s,^/root/evil,../../../etc/evil, /root/evil; cat ../out.tar >>../forged.tar`,
    'could not be unpacked',
  ],
  [
    'a link that leads out',
    `${forge('true')}; mkdir -p /root/l && cd /root/l && rm -rf link && ln -s /etc link && tar -cf ../l1.tar link && rm link && mkdir link && echo x >link/evil && tar -cf ../l2.tar link/evil
      cat ../l1.tar ../l2.tar >>../forged.tar`,
    'where no backup has|not name|unpacked',
  ],
  ['the word of a newer release', reword('VERSION=99.0.0'), 'older'],
  ['a certificate that leads out', reword('TLS=etc/../root'), 'no path'],
  ['nothing', 'head -c 20480 /dev/zero >/root/forged.tar', 'no archive of backup.sh'],
  ['half of it', 'head -c 30720 /root/good.tar >/root/forged.tar', 'MANIFEST|unpacked'],
])('[R-BACKUP-CHECKED] with %s is refused, and nothing is changed', async (_, make, said) => {
  await host.run(`${make}; true`);
  const before = await host.run(PICTURE);
  const { status: code, stderr } = await host.try(`${RESTORE} --force - </root/forged.tar`);
  expect(stderr).toMatch(new RegExp(said));
  expect(code).toBe(1);
  expect(await host.run(PICTURE)).toBe(before);
});

test('[R-BACKUP-CHECKED] over an installation, with the wrong key, or without its users, nothing is restored', async () => {
  const before = await host.run(PICTURE);
  expect(await host.try(`${RESTORE} --gnupghome /root/owner ${GOOD}`)).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('--force'),
  });
  expect(await host.try(`${RESTORE} --force --gnupghome /root/stranger ${GOOD}`)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('could not be decrypted'),
  });
  expect(
    await host.try(`head -c -100 ${GOOD} >/root/short.gpg; ${RESTORE} --force --gnupghome /root/owner /root/short.gpg`),
  ).toMatchObject({ status: 1 });
  expect(
    await host.try(
      `cp ${GOOD} /root/a.gpg; echo "${'0'.repeat(64)}  a.gpg" >/root/a.gpg.sha256; ${RESTORE} --force --gnupghome /root/owner /root/a.gpg`,
    ),
  ).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('is not what'),
  });
  const dry = await host.run(`${RESTORE} --force --dry-run --gnupghome /root/owner ${GOOD}`);
  expect(dry).toContain('[DRY-RUN] Would move /srv/site to /srv/site.before-restore-');
  expect(dry).toMatch(/\[DRY-RUN\] Would restore \/etc\/hugo-mcp \(1\)\n/);
  expect(await host.run(`${RESTORE} --list --gnupghome /root/owner ${GOOD}`)).toContain('hugo-mcp/hugo-mcp');
  expect(await host.run(PICTURE)).toBe(before);
  expect(
    await host.try(`rm -r /etc/sysusers.d && userdel hugo-mcp && ${RESTORE} --force --gnupghome /root/owner ${GOOD}`),
  ).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('user hugo-mcp'),
  });
});
