import { setTimeout as sleep } from 'node:timers/promises';
import { certificateFacts, isInTime, readCertificate } from '@arleo/core/certificates/certificate';
import { beginRenewal, createIdentity, DUE_DAYS, finishRenewal } from '@arleo/core/certificates/change-identity';
import { readRenewalState } from '@arleo/core/certificates/renewal-state';
import { ArleoError } from '@arleo/core/errors';
import { UsageError } from '../usage-error.ts';
import { certOptions, certOptionsHelp, hostsOf, pairOf, placeOf, withFiles } from './cert-places.ts';
import type { Command, CommandValues } from './command.ts';

/** `arleo cert create` */
export const certCreate: Command = {
  name: 'cert create',
  summary: 'make the first certificate of hugo-mcp-server, unless there is one',
  help: `arleo cert create: make the first certificate of hugo-mcp-server

Usage: arleo cert create [--names LIST] [--cert FILE] [--key FILE]

  --names LIST  addresses and names by which hugo-mcp-proxy reaches it, with commas between, beside loopback:
                --names 192.168.122.69
${certOptionsHelp}
  --json        one line of JSON instead of text, errors too

EC P-256, self-signed, for one year. What is there is kept, and a key without a certificate gets one. Give the certificate, not
the key, to hugo-mcp-proxy: it takes this one and no other (/etc/hugo-mcp-proxy/server.crt).
`,
  options: { ...certOptions, names: { type: 'string' } },
  async run(values, env) {
    const files = pairOf(values, env);
    const hosts = hostsOf(values);
    const { state, certificate } = await withFiles(files.key, () => createIdentity(files, { hosts, now: Date.now() }));
    const facts = certificateFacts(readCertificate(certificate));
    const done = state === 'created' ? 'Made' : 'Kept';
    return {
      text: `${done} ${files.certificate}, valid until ${facts.not_after}\nSHA-256 ${facts.sha256}\n`,
      value: { state, file: files.certificate, ...facts },
    };
  },
};

/** Seconds that a renewal waits for hugo-mcp-proxy, which asks every ten. */
const WAIT_SECONDS = 60;
const lookEveryMs = 250;

/** `arleo cert renew` */
export const certRenew: Command = {
  name: 'cert renew',
  summary: 'change the certificate between the services; no call fails',
  help: `arleo cert renew: change the certificate of hugo-mcp-server, while it is in use

Usage: arleo cert renew [--if-due] [--names LIST] [--wait SECONDS] [--cert FILE] [--key FILE] [--state DIR]

  --if-due        do nothing before its last ${DUE_DAYS} days, unless a change is under way: for the timer
  --names LIST    further addresses and names that it is to be made for, with commas between
  --wait SECONDS  how long to wait for hugo-mcp-proxy; default ${WAIT_SECONDS}
${certOptionsHelp}
  --state DIR     STATE_DIR of hugo-mcp-server; default $STATE_DIR, else /var/lib/hugo-mcp
  --json          one line of JSON instead of text, errors too

Nothing is copied and nothing is restarted: the next certificate is made beside the one in force (next.key, next.crt), the running
hugo-mcp-server offers it, hugo-mcp-proxy pins it over a connection that the pinned one protects, and both are accepted
until every hugo-mcp-proxy calls by the new one. Then the old pair is gone. Where that takes longer, nothing fails: run it
again, or leave it to the timer. Run it on the host of hugo-mcp-server, as root.
`,
  options: {
    ...certOptions,
    'if-due': { type: 'boolean' },
    names: { type: 'string' },
    state: { type: 'string' },
    wait: { type: 'string' },
  },
  async run(values, env) {
    const files = pairOf(values, env);
    const stateDir = placeOf('state', values, env);
    const waitMs = secondsOf(values.wait) * 1000;
    const options = { hosts: hostsOf(values), ifDue: values['if-due'] === true, now: Date.now() };
    const { state, present, next } = await withFiles(files.key, () => beginRenewal(files, options));
    const old = readCertificate(present.certificate);
    if (next === undefined) {
      const facts = certificateFacts(old);
      const said =
        state === 'not_due' ? 'Nothing is due: the certificate is valid' : 'Renewed: the certificate is valid';
      return {
        text: `${said} until ${facts.not_after}\n`,
        value: { state: state === 'not_due' ? state : 'renewed', ...facts },
      };
    }
    const facts = certificateFacts(readCertificate(next.certificate));
    const hasEnded = !isInTime(old, Date.now());
    if (hasEnded && options.ifDue) {
      // The clock may be ahead: the timer does not drop what every hugo-mcp-proxy may still rely on.
      throw new ArleoError('certificate_not_in_use', `The old certificate has ended, on ${old.validTo}.`, {
        hint: `Is the clock right (date)? Then: arleo cert renew, and copy ${files.certificate} to hugo-mcp-proxy`,
      });
    }
    // One that has ended is accepted by nobody: there is nothing to wait for.
    const inUse = hasEnded || (await isInUse(stateDir, facts.sha256, waitMs));
    if (!inUse || !(await withFiles(files.key, () => finishRenewal(files, facts.sha256)))) {
      throw new ArleoError(
        'certificate_not_in_use',
        `The next certificate is there, and no hugo-mcp-proxy calls by it yet; the old one is valid until ${old.validTo}.`,
        {
          hint: 'Nothing fails meanwhile. See that both services run (arleo cert show), then: arleo cert renew',
        },
      );
    }
    return {
      text: `Renewed: the certificate is valid until ${facts.not_after}\nSHA-256 ${facts.sha256}\n`,
      value: { state: 'renewed', ...facts },
    };
  },
};

function secondsOf(given: CommandValues[string]): number {
  if (given === undefined) return WAIT_SECONDS;
  if (typeof given === 'string' && /^\d{1,5}$/.test(given)) return Number(given);
  throw new UsageError('--wait is not a number of seconds.', 'Such as --wait 60');
}

/** Waits until the running service says that all who call do so by this certificate. */
async function isInUse(stateDir: string, sha256: string, waitMs: number): Promise<boolean> {
  const end = performance.now() + waitMs;
  for (;;) {
    const state = await withFiles(stateDir, () => readRenewalState(stateDir));
    if (state?.next === sha256 && state.next_in_use_since !== null) return true;
    if (performance.now() >= end) return false;
    await sleep(lookEveryMs);
  }
}
