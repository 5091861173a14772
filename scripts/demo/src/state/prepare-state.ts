import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { PULL_SCOPE, SCOPES } from '@arleo/core/scopes';
import { keepActorKey } from './actor-key.ts';
import { type CertificateOutcome, keepCertificate } from './certificate.ts';
import { keepExampleSite } from './example-site.ts';
import { keepHopTokens } from './hop-token.ts';
import type { StateLayout } from './layout.ts';
import { keepOwner } from './owner.ts';
import { HEX_SECRET, keepSecret } from './secret-file.ts';
import { siteBranch } from './site-branch.ts';
import { keepWebhookSecret } from './webhook-secret.ts';

/** What a prepared state holds that the caller needs. */
export interface PreparedState {
  /** The Hugo site's folder: the one asked for, else the example's copy. */
  site: string;
  passphrase: string;
  mcpToken: string;
  /** The branch of the site's own repository. */
  branch: string;
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
    layout.proxyState,
    layout.logs,
    layout.serverState(siteFolder),
  ]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  if (site === undefined) await keepExampleSite(layout.exampleSite);
  await keepSecret(layout.tokenSecret, HEX_SECRET);
  await keepActorKey(layout.actorKey, layout.actorPublicKey);
  const certificateOutcome = await keepCertificate(layout.tlsKey, layout.tlsCert);
  const [mcpToken = ''] = await keepHopTokens(layout.tokens, [
    { file: layout.mcpToken, label: 'oauth-proxy of the demo', name: 'main', scopes: SCOPES },
    { file: layout.pullToken, label: 'webhook of the demo', name: 'webhook', scopes: [PULL_SCOPE] },
  ]);
  return {
    site: siteFolder,
    branch: await siteBranch(siteFolder),
    passphrase: await keepOwner(layout.passphrase, layout.owner),
    mcpToken,
    webhookSecret: await keepWebhookSecret(layout.webhookSecret),
    certificate: await readFile(layout.tlsCert, 'utf8'),
    certificateOutcome,
  };
}
