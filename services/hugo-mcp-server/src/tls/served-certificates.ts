import { stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import {
  certificateFacts,
  certificateServerName,
  certificateSha256,
  readCertificate,
} from '@arleo/core/certificates/certificate';
import { type Identities, type IdentityFiles, readIdentities } from '@arleo/core/certificates/identity-files';
import type { Identity } from '@arleo/core/certificates/make-identity';
import { readRenewalState, writeRenewalState } from '@arleo/core/certificates/renewal-state';
import { isArleoError } from '@arleo/core/errors';
import { watchChanges } from '@arleo/core/signing-keys/watch-changes';
import type { Lifecycle } from '@arleo/runtime/serve/lifecycle';
import type { Records } from '@arleo/runtime/serve/open-records';
import type { ServedIdentity, ServeOptions } from '@arleo/runtime/serve/serve';
import { createCertificateUse } from './certificate-use.ts';
import { expiryNotice } from './expiry-notice.ts';

/** The certificate that is shown, and during a change the next one beside it. */
export interface ServedCertificates {
  tls: NonNullable<ServeOptions['tls']>;
  /** What hugo-mcp-proxy may pin, PEM. */
  offered(): { present: string; next: string | null };
  /**
   * Notes a call whose hop token was good: it shows which certificate its sender relies on.
   *
   * @param pins what the caller says that it has pinned, SHA-256 each, if it says so
   */
  called(request: IncomingMessage, address: string, pins?: readonly string[]): void;
  /** Follows the files from now on; `show` is called when another certificate has come into force. */
  follow(show: (identity: ServedIdentity) => void): void;
}

/** What {@link openServedCertificates} needs. */
export interface ServedCertificatesOptions {
  /** Undefined where key and certificate were given as text: then they stay. */
  files: IdentityFiles | undefined;
  /** What was given. */
  given: Identity;
  stateDir: string;
  records: Records;
}

const noticeMs = 24 * 3600 * 1000;

/**
 * Opens the certificates. While there is a next one, who asks for it by its server name is shown it, and everybody else
 * the one in force, so that each hugo-mcp-proxy changes when it is ready; what each of them uses stands in STATE_DIR for
 * `arleo cert renew`, which drops the old one when nobody needs it any more.
 *
 * @throws {@link ArleoError} `certificate_damaged`; the file system's own error
 */
export async function openServedCertificates(
  { files, given, stateDir, records: { log, audit } }: ServedCertificatesOptions,
  lifecycle: Lifecycle,
): Promise<ServedCertificates> {
  let served = serve(files ? readIdentities(files) : { present: given });
  const use = createCertificateUse((await readRenewalState(stateDir))?.clients ?? [], Date.now());
  /** What each connection was made with. */
  const shown = new WeakMap<object, string>();
  let noted: string | null = null;

  const store = createStore(stateDir, (error) => log.error('the use of certificates cannot be stored', { error }));
  const note = (): void => {
    const { present, next } = served;
    const since = next ? use.inUseSince(next.sha256, Date.now()) : null;
    store({ present: present.sha256, next: next?.sha256 ?? null, next_in_use_since: since, clients: use.clients() });
    if (next === undefined || since === null || noted === next.sha256) return;
    noted = next.sha256;
    audit.record({ event_type: 'certificate.in_use', result: 'success', resource: next.sha256 });
  };

  const notice = (): void => {
    const told = expiryNotice(served.identities, Date.now());
    if (told === undefined) return;
    const { reason, level, notAfter, days } = told;
    const details = { not_after: notAfter, days };
    audit.record({
      event_type: 'certificate.expiring',
      result: 'failure',
      reason,
      level,
      resource: served.present.sha256,
      details,
    });
    log[level]('the certificate is not renewed: arleo cert renew', { reason, ...details });
  };

  const change = (next: Served, show: (identity: ServedIdentity) => void): void => {
    const before = served;
    served = next;
    if (next.present.sha256 !== before.present.sha256) {
      show(next.tls);
      recordChange('certificate.changed', next.present, { before: before.present.sha256 });
    }
    if (next.next && next.next.sha256 !== before.next?.sha256) recordChange('certificate.offered', next.next, {});
    note();
  };

  function recordChange(event_type: string, { sha256, notAfter }: Shown, details: Record<string, string>): void {
    audit.record({ event_type, result: 'success', resource: sha256, details: { ...details, not_after: notAfter } });
    log.info(event_type, { sha256, not_after: notAfter, ...details });
  }

  note();
  lifecycle.onClose('use of certificates', () => store.done());
  return {
    tls: { ...served.tls, byName: (name) => served.contexts.get(name) },
    offered: () => ({
      present: served.identities.present.certificate,
      next: served.identities.next?.certificate ?? null,
    }),
    called({ socket }, address, pins) {
      const by = shown.get(socket) ?? shownOn(socket as TLSSocket);
      if (by === undefined) return;
      shown.set(socket, by);
      const changed = use.called({ address, by, ...(pins && { pins }), now: Date.now() });
      // Who was waited for may be forgotten by now, without anybody's call being another.
      const done =
        served.next && noted !== served.next.sha256 && use.inUseSince(served.next.sha256, Date.now()) !== null;
      if (changed || done) note();
    },
    follow(show) {
      notice();
      const timer = setInterval(notice, noticeMs).unref();
      lifecycle.onClose('notices of certificates', () => clearInterval(timer));
      if (files === undefined) return;
      const unwatch = watchChanges(
        () => identityOf(files),
        () => {
          try {
            change(serve(readIdentities(files)), show);
          } catch (error) {
            log.error('the certificate cannot be read again: the last one stays', { file: files.certificate, error });
            const reason = isArleoError(error) ? error.code : String((error as NodeJS.ErrnoException).code);
            audit.record({
              event_type: 'certificate.unusable',
              result: 'failure',
              reason,
              resource: files.certificate,
            });
          }
        },
      );
      lifecycle.onClose('watch of the certificate', unwatch);
    },
  };
}

/** One certificate that is shown. */
interface Shown {
  sha256: string;
  notAfter: string;
}

interface Served {
  identities: Identities;
  present: Shown;
  next: Shown | undefined;
  tls: ServedIdentity;
  /** By the server name that asks for it. */
  contexts: ReadonlyMap<string, SecureContext>;
}

function serve(identities: Identities): Served {
  const { present, next } = identities;
  const contexts = [present, ...(next ? [next] : [])].map(({ key, certificate }): [string, SecureContext] => [
    certificateServerName(certificateSha256(certificate)),
    createSecureContext({ key, cert: certificate, minVersion: 'TLSv1.2' }),
  ]);
  return {
    identities,
    present: describe(present),
    next: next && describe(next),
    tls: { key: present.key, cert: present.certificate },
    contexts: new Map(contexts),
  };
}

function describe({ certificate }: Identity): Shown {
  const { sha256, not_after } = certificateFacts(readCertificate(certificate));
  return { sha256, notAfter: not_after };
}

/** SHA-256 of the certificate that this end of the connection has shown. */
function shownOn(socket: TLSSocket): string | undefined {
  const certificate = socket.getX509Certificate();
  return certificate && certificateSha256(certificate);
}

/** What tells whether one of the files is another than before. */
async function identityOf(files: IdentityFiles): Promise<string> {
  const found = Object.values(files).map(async (file) => {
    try {
      const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
      return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
    } catch (error) {
      return String((error as NodeJS.ErrnoException).code);
    }
  });
  return (await Promise.all(found)).join();
}

type State = Parameters<typeof writeRenewalState>[1];

/** Writes one state after the other, and of several that wait the last alone. */
function createStore(
  stateDir: string,
  onError: (error: unknown) => void,
): ((state: State) => void) & { done(): Promise<void> } {
  let waiting: State | undefined;
  let writing = Promise.resolve();
  const write = async (): Promise<void> => {
    const state = waiting;
    waiting = undefined;
    if (state !== undefined) await writeRenewalState(stateDir, state).catch(onError);
  };
  const store = (state: State): void => {
    if (waiting === undefined) writing = writing.then(write);
    waiting = state;
  };
  return Object.assign(store, { done: () => writing });
}
