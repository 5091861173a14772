import { createPrivateKey } from 'node:crypto';
import { readFile, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import { ArleoError } from '../errors.ts';
import { atomicWrite, removeLeftovers, syncDirectory } from '../fs/atomic-write.ts';
import { ownerBeside } from '../fs/change-file.ts';
import { withLockFile } from '../fs/lock-file.ts';
import { alternativeName, certificateSha256, isInTime, isMadeFor, namesOf, readCertificate } from './certificate.ts';
import { type Identities, type IdentityFiles, readIdentities } from './identity-files.ts';
import { type Identity, makeIdentity, USUAL_NAMES } from './make-identity.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A certificate is valid for so long. */
const VALID_DAYS = 365;

/** So long before its end a certificate is due to be renewed. */
export const DUE_DAYS = 30;

/** True when the certificate is due, or past its end. @param now milliseconds since 1970 */
export function isDue(certificate: string, now: number): boolean {
  return Date.parse(readCertificate(certificate).validTo) - now <= DUE_DAYS * DAY_MS;
}

/**
 * Makes the first pair; what is there is kept, and a key without a certificate is completed.
 *
 * @param options.hosts names and addresses that it is to be made for, beside {@link USUAL_NAMES}
 * @throws {@link ArleoError} `certificate_damaged`, `certificate_names_missing` if the one that is kept is not made for
 *   all of the names, `certificate_name_invalid`, `openssl_failed`, `lock_held`; the file system's own error
 */
export function createIdentity(
  files: IdentityFiles,
  { hosts = [], now }: { hosts?: readonly string[]; now: number },
): Promise<{ state: 'created' | 'kept'; certificate: string }> {
  return locked(files, async () => {
    const certificateIsThere = await isThere(files.certificate);
    const keyIsThere = await isThere(files.key);
    if (certificateIsThere) {
      const { certificate } = readIdentities(files).present;
      const missing = hosts.filter((host) => !isMadeFor(readCertificate(certificate), host));
      if (missing.length === 0) return { state: 'kept', certificate };
      throw new ArleoError(
        'certificate_names_missing',
        `${files.certificate} is not made for ${missing.join(' and ')}.`,
        { hint: `Renew it: arleo cert renew --names ${missing.join(',')}` },
      );
    }
    const key = keyIsThere ? await readOnlyKey(files.key) : undefined;
    const names = new Set([...USUAL_NAMES, ...hosts].map(alternativeName));
    const made = await makeIdentity({ names: [...names], ...period(now), key });
    // What a change of the lost one was to end in would be offered on, and never be pinned.
    for (const file of [files.nextCertificate, files.nextKey]) await unlink(file).catch(ignoreAbsent);
    if (!keyIsThere) await writeKey(files.key, made);
    await writeCertificate(files.certificate, made);
    return { state: 'created', certificate: made.certificate };
  });
}

/** A change of the certificate, as {@link beginRenewal} leaves it. */
export interface Renewal extends Identities {
  state: 'not_due' | 'begun' | 'under_way' | 'finished';
}

/**
 * Makes the next pair beside the one in force. A change that is under way is left as it is, one that was interrupted is
 * gone on with; the pair in force is never touched.
 *
 * @param options.ifDue does nothing before the last {@link DUE_DAYS} days, unless a change is under way
 * @param options.hosts names and addresses that it is to be made for, beside those of the one in force
 * @throws {@link ArleoError} as {@link createIdentity}
 */
export function beginRenewal(
  files: IdentityFiles,
  { hosts = [], ifDue = false, now }: { hosts?: readonly string[]; ifDue?: boolean; now: number },
): Promise<Renewal> {
  return locked(files, async () => {
    const found = readIdentities(files);
    if (await isInterruptedFinish(files, found)) {
      await moveNext(files);
      return { state: 'finished', present: found.present };
    }
    if (found.next && canFollow(found.next, found.present, now)) {
      return { state: 'under_way', ...found };
    }
    const { present } = found;
    if (ifDue && !isDue(present.certificate, now)) return { state: 'not_due', present };
    const old = readCertificate(present.certificate);
    const { from, to } = period(now);
    const added = hosts.filter((host) => !isMadeFor(old, host)).map(alternativeName);
    const next = await makeIdentity({
      names: [...namesOf(old), ...added],
      from,
      // Always later than the present one's, by which hugo-mcp-proxy knows that it goes forward.
      to: Math.max(to, Date.parse(old.validTo) + 1000),
    });
    // The certificate last: without it there is no next pair.
    await unlink(files.nextCertificate).catch(ignoreAbsent);
    await writeKey(files.nextKey, next, files.key);
    await writeCertificate(files.nextCertificate, next, files.certificate);
    return { state: 'begun', present, next };
  });
}

/**
 * Puts the next pair in the place of the one in force, which is gone with that.
 *
 * @param next SHA-256 of the certificate that is known to be pinned; another one stays where it is
 * @returns true if that certificate is in force now, whoever has put it there
 */
export function finishRenewal(files: IdentityFiles, next: string): Promise<boolean> {
  return locked(files, async () => {
    const found = readIdentities(files);
    if (found.next === undefined) return certificateSha256(found.present.certificate) === next;
    if (certificateSha256(found.next.certificate) !== next) return false;
    await moveNext(files);
    return true;
  });
}

/**
 * False for one that no hugo-mcp-proxy would pin: out of time, as if it was made while the clock was wrong, or not of later
 * than the one in force, as if that was brought back from elsewhere.
 */
function canFollow(next: Identity, present: Identity, now: number): boolean {
  const [after, before] = [readCertificate(next.certificate), readCertificate(present.certificate)];
  return isInTime(after, now) && Date.parse(after.validTo) > Date.parse(before.validTo);
}

/** Killed between two renames: the key in force is the next certificate's already, and the other one has none. */
async function isInterruptedFinish(files: IdentityFiles, { present }: Identities): Promise<boolean> {
  const [standing, next] = await Promise.all([files.certificate, files.nextCertificate].map(textOf));
  return standing !== present.certificate && next === present.certificate;
}

/** The key first: from then on the next certificate is the only one that has its key, see {@link readIdentities}. */
async function moveNext(files: IdentityFiles): Promise<void> {
  if (await isThere(files.nextKey)) {
    await rename(files.nextKey, files.key);
    await syncDirectory(path.dirname(files.key));
  }
  await rename(files.nextCertificate, files.certificate);
  await syncDirectory(path.dirname(files.certificate));
}

function locked<T>(files: IdentityFiles, use: () => Promise<T>): Promise<T> {
  return withLockFile(`${files.certificate}.lock`, async () => {
    for (const file of Object.values(files)) await removeLeftovers(file);
    return use();
  });
}

/** An hour back, for clocks that are not quite the same. */
function period(now: number): { from: number; to: number } {
  return { from: now - HOUR_MS, to: now + VALID_DAYS * DAY_MS };
}

async function readOnlyKey(file: string): Promise<string> {
  const pem = await readFile(file, 'utf8');
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem);
    if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') return pem;
  } catch {
    // Told below.
  }
  throw new ArleoError('certificate_damaged', `${file} is not a private key, EC P-256, in PEM form.`, {
    hint: 'Put it back from a backup, or remove it and make a new pair: arleo cert create',
  });
}

async function isThere(file: string): Promise<boolean> {
  return (await textOf(file)) !== undefined;
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    return ignoreAbsent(error as NodeJS.ErrnoException);
  }
}

function ignoreAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

async function writeKey(file: string, { key }: Identity, like = file): Promise<void> {
  await atomicWrite(file, key, { mode: 0o600, owner: await ownerBeside(like) });
}

async function writeCertificate(file: string, { certificate }: Identity, like = file): Promise<void> {
  await atomicWrite(file, certificate, { mode: 0o644, owner: await ownerBeside(like) });
}
