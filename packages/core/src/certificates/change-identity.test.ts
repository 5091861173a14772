import { X509Certificate } from 'node:crypto';
import { chown, copyFile, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { certificateSha256, namesOf } from './certificate.ts';
import { beginRenewal, createIdentity, finishRenewal } from './change-identity.ts';
import { type IdentityFiles, identityFiles, readIdentities } from './identity-files.ts';
import { makeIdentity } from './make-identity.ts';

const DAY_MS = 24 * 3600 * 1000;
const now = Date.now();

let folder: string;
let files: IdentityFiles;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-identity-'));
  files = identityFiles({ key: path.join(folder, 'server.key'), certificate: path.join(folder, 'server.crt') });
});
afterEach(() => rm(folder, { recursive: true }));

const create = (hosts?: string[]) => createIdentity(files, { now, ...(hosts && { hosts }) });
const begin = (options: Partial<Parameters<typeof beginRenewal>[1]> = {}) => beginRenewal(files, { now, ...options });
const names = async () => (await readdir(folder)).sort();

describe('the first pair', () => {
  test('is EC P-256, for one year, for its names, and its key is the owner’s alone', async () => {
    expect((await create(['192.168.122.69', 'site.example.org'])).state).toBe('created');
    const made = new X509Certificate(await readFile(files.certificate));
    expect(namesOf(made)).toEqual([
      'DNS:hugo-mcp.internal',
      'DNS:localhost',
      'IP:127.0.0.1',
      'IP:0:0:0:0:0:0:0:1',
      'IP:192.168.122.69',
      'DNS:site.example.org',
    ]);
    expect(made.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect({ ca: made.ca, issued: made.verify(made.publicKey) }).toEqual({ ca: false, issued: true });
    expect(Date.parse(made.validTo)).toBe(Math.floor(now / 1000) * 1000 + 365 * DAY_MS);
    expect(Date.parse(made.validFrom)).toBeLessThan(now);
    expect([(await stat(files.key)).mode & 0o777, (await stat(files.certificate)).mode & 0o777]).toEqual([
      0o600, 0o644,
    ]);
  });

  test('is kept, and a key without a certificate is completed', async () => {
    const { certificate } = await create();
    expect(await create()).toEqual({ state: 'kept', certificate });
    const key = await readFile(files.key, 'utf8');
    await rm(files.certificate);
    expect((await create()).state).toBe('created');
    expect(await readFile(files.key, 'utf8')).toBe(key);
    expect(await names()).toEqual(['server.crt', 'server.key']);
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ['a key that is cut short', () => writeFile(files.key, '-----BEGIN PRIVATE KEY-----\nMIGH'), 'certificate_damaged'],
    ['a certificate that is none', () => writeFile(files.certificate, 'nothing'), 'certificate_damaged'],
    ['no key', () => rm(files.key), 'certificate_damaged'],
  ])('%s: refused, and left as it is', async (_, damage, code) => {
    await create();
    await damage();
    const before = await Promise.all((await names()).map((name) => readFile(path.join(folder, name), 'utf8')));
    await expect(create()).rejects.toMatchObject({ code, hint: expect.stringContaining('arleo cert create') });
    await expect(begin()).rejects.toMatchObject({ code });
    expect(await Promise.all((await names()).map((name) => readFile(path.join(folder, name), 'utf8')))).toEqual(before);
  });

  test('that is not made for a further name: says so, and how to renew it', async () => {
    await create();
    await expect(create(['192.168.122.69'])).rejects.toMatchObject({
      code: 'certificate_names_missing',
      hint: expect.stringContaining('arleo cert renew --names 192.168.122.69'),
    });
  });

  test.each(['a,IP:1.2.3.4', 'a b', 'x\nbasicConstraints=CA:TRUE', '', '-a', 'a..b', '*.example.org'])(
    'is not made for the name %j',
    async (name) => {
      await expect(create([name])).rejects.toMatchObject({ code: 'certificate_name_invalid' });
      expect(await names()).toEqual([]);
    },
  );
});

describe('a renewal', () => {
  test('makes the next pair beside the one in force, for its names and further ones, and then puts it in its place', async () => {
    const { certificate: old } = await create(['192.168.122.69']);
    const { state, next } = await begin({ hosts: ['192.168.122.70', '127.0.0.1'] });
    const made = next?.certificate ?? '';
    expect(state).toBe('begun');
    expect(namesOf(new X509Certificate(made)).slice(4)).toEqual(['IP:192.168.122.69', 'IP:192.168.122.70']);
    expect(Date.parse(new X509Certificate(made).validTo)).toBeGreaterThan(Date.parse(new X509Certificate(old).validTo));
    expect(readIdentities(files)).toMatchObject({ present: { certificate: old }, next: { certificate: made } });
    expect((await stat(files.nextKey)).mode & 0o777).toBe(0o600);

    expect(await begin()).toMatchObject({ state: 'under_way', next: { certificate: made } });
    expect(await finishRenewal(files, certificateSha256(old))).toBe(false);
    expect(await finishRenewal(files, certificateSha256(made))).toBe(true);
    expect(await finishRenewal(files, certificateSha256(made))).toBe(true);
    expect(await finishRenewal(files, certificateSha256(old))).toBe(false);
    expect(readIdentities(files)).toEqual({ present: next });
    expect(await names()).toEqual(['server.crt', 'server.key']);
  });

  test('is due in the last 30 days, and goes on whenever it was begun', async () => {
    await create();
    const day = (days: number) => ({ now: now + days * DAY_MS, ifDue: true });
    expect((await begin(day(334))).state).toBe('not_due');
    expect(await names()).toEqual(['server.crt', 'server.key']);
    expect((await begin(day(335))).state).toBe('begun');
    expect((await begin(day(336))).state).toBe('under_way');
  });

  test('that was begun before it was due is gone on with by the timer', async () => {
    await create();
    expect((await begin()).state).toBe('begun');
    expect((await begin({ ifDue: true })).state).toBe('under_way');
  });

  test('whose next certificate has ended is begun anew', async () => {
    await create();
    const { next } = await begin();
    const later = await begin({ now: now + 400 * DAY_MS });
    expect(later.state).toBe('begun');
    expect(later.next?.certificate).not.toBe(next?.certificate);
  });

  test('whose next certificate was made while the clock was ahead is begun anew once it is right', async () => {
    await create();
    const { next } = await begin({ now: now + 340 * DAY_MS });
    const later = await begin();
    expect(later.state).toBe('begun');
    expect(later.next?.certificate).not.toBe(next?.certificate);
    expect(Date.parse(new X509Certificate(later.next?.certificate ?? '').validFrom)).toBeLessThan(now);
    expect((await begin()).state).toBe('under_way');
  });

  test('of a pair that was lost is no renewal of the one made in its place', async () => {
    await create();
    await begin();
    await rm(files.key);
    await rm(files.certificate);
    expect((await createIdentity(files, { now: now + DAY_MS })).state).toBe('created');
    expect(await names()).toEqual(['server.crt', 'server.key']);
  });

  test('whose next certificate does not end later than the one in force, which came from elsewhere, is begun anew', async () => {
    await create();
    const { next } = await begin();
    const other = await makeIdentity({ names: ['IP:127.0.0.1'], from: now - DAY_MS, to: now + 400 * DAY_MS });
    await writeFile(files.key, other.key);
    await writeFile(files.certificate, other.certificate);
    const later = await begin();
    expect(later.state).toBe('begun');
    expect(later.next?.certificate).not.toBe(next?.certificate);
  });

  test('keeps the owner of the pair, so that the service can read it', async () => {
    await create();
    const { uid, gid } = await stat(folder);
    const owner = uid === 0 ? { uid: 12345, gid: 12346 } : { uid, gid };
    for (const file of [files.key, files.certificate]) await chown(file, owner.uid, owner.gid);
    await begin();
    expect(await stat(files.nextKey)).toMatchObject(owner);
    expect(await stat(files.nextCertificate)).toMatchObject(owner);
  });

  describe('that was killed', () => {
    test('with the next key made and no certificate yet: begins anew', async () => {
      await create();
      await begin();
      await rm(files.nextCertificate);
      expect(readIdentities(files).next).toBeUndefined();
      expect((await begin({ ifDue: true })).state).toBe('not_due');
      expect((await begin()).state).toBe('begun');
    });

    test('between a new key and the certificate of the one before: begins anew', async () => {
      await create();
      await begin();
      await copyFile(files.key, files.nextKey);
      expect(readIdentities(files).next).toBeUndefined();
      expect((await begin()).state).toBe('begun');
      expect(readIdentities(files).next).toBeDefined();
    });

    test('between the two renames at its end: there is one whole pair, and the next run ends it', async () => {
      const { certificate: old } = await create();
      const { next } = await begin();
      await rename(files.nextKey, files.key);
      expect(await readFile(files.certificate, 'utf8')).toBe(old);
      expect(readIdentities(files)).toEqual({ present: next });
      expect(await begin({ ifDue: true })).toEqual({ state: 'finished', present: next });
      expect(readIdentities(files)).toEqual({ present: next });
      expect(await names()).toEqual(['server.crt', 'server.key']);
    });
  });

  test('with a next certificate that lost its key leaves the pair in force alone', async () => {
    const { certificate: old } = await create();
    await begin();
    await rm(files.nextKey);
    expect(readIdentities(files).present.certificate).toBe(old);
    expect((await begin()).state).toBe('begun');
    expect(readIdentities(files).present.certificate).toBe(old);
  });
});
