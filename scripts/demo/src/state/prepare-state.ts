import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { keepActorKey } from './actor-key.ts';
import { type CertificateOutcome, keepCertificate } from './certificate.ts';
import { keepExampleSite } from './example-site.ts';
import { keepHopToken } from './hop-token.ts';
import type { StateLayout } from './layout.ts';
import { keepOwner } from './owner.ts';
import { HEX_SECRET, keepSecret } from './secret-file.ts';

/** What a prepared state holds that the caller needs. */
export interface PreparedState {
  /** The Hugo site's folder: the one asked for, else the example's copy. */
  site: string;
  passphrase: string;
  mcpToken: string;
  webhookSecret: string;
  /** PEM. */
  certificate: string;
  certificateOutcome: CertificateOutcome;
}

/**
 * Makes the state whole: what is there is kept, what is missing is made, what is damaged is refused. Interrupted at any
 * point, the next call goes on from there.
 *
 * @throws ArleoError `state_damaged` | `openssl_failed`
 */
export async function prepareState(layout: StateLayout, site: string | undefined): Promise<PreparedState> {
  const siteFolder = site ?? layout.exampleSite;
  for (const folder of [
    path.dirname(layout.mcpToken),
    path.dirname(layout.tlsKey),
    layout.oauthState,
    layout.logs,
    layout.serverState(siteFolder),
  ]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  if (site === undefined) await keepExampleSite(layout.exampleSite);
  await keepSecret(layout.tokenSecret, HEX_SECRET);
  await keepActorKey(layout.actorKey, layout.actorPublicKey);
  const certificateOutcome = await keepCertificate(layout.tlsKey, layout.tlsCert);
  return {
    site: siteFolder,
    passphrase: await keepOwner(layout.passphrase, layout.owner),
    mcpToken: await keepHopToken(layout.mcpToken, layout.tokens),
    webhookSecret: await keepSecret(layout.webhookSecret, HEX_SECRET),
    certificate: await readFile(layout.tlsCert, 'utf8'),
    certificateOutcome,
  };
}
