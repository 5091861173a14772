import { createHash, randomBytes } from 'node:crypto';
import { type OwnerAnswers, ownerApproves } from '@arleo/demo/smoke/owner-approves';
import { type Answer, send } from './send.ts';

/** Where a test client says that it listens; nobody does. */
export const REDIRECT_URI = 'http://127.0.0.1:33418/callback';

/** A registered client, and the secrets of one authorization. */
export interface Authorization {
  clientId: string;
  verifier: string;
  state: string;
  url: URL;
}

/** Registers a public client (RFC 7591). */
export function register(issuer: string, metadata: object = {}): Promise<Answer> {
  return send(`${issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'End-to-end test',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      ...metadata,
    }),
  });
}

/** A fresh client's authorization request with PKCE and the resource indicator; `changes` replace parameters, undefined removes one. */
export async function authorization(
  issuer: string,
  changes: Record<string, string | undefined> = {},
): Promise<Authorization> {
  const { json } = await register(issuer);
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const metadata = (await send(`${issuer}/.well-known/oauth-authorization-server`)).json;
  const url = new URL(metadata.authorization_endpoint);
  const parameters: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: json.client_id,
    redirect_uri: REDIRECT_URI,
    scope: 'content:read content:write site:admin',
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource: `${issuer}/mcp`,
    ...changes,
  };
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  return { clientId: json.client_id, verifier, state, url };
}

/** Redeems a code; `changes` replace parameters. */
export async function redeem(
  issuer: string,
  { clientId, verifier }: Pick<Authorization, 'clientId' | 'verifier'>,
  code: string,
  changes: Record<string, string> = {},
): Promise<Answer> {
  return token(issuer, {
    grant_type: 'authorization_code',
    client_id: clientId,
    code,
    code_verifier: verifier,
    redirect_uri: REDIRECT_URI,
    resource: `${issuer}/mcp`,
    ...changes,
  });
}

/** One request to the token endpoint. */
export function token(issuer: string, parameters: Record<string, string>): Promise<Answer> {
  return send(`${issuer}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(parameters).toString(),
  });
}

/** Tokens of a fresh client that the owner let in. */
export interface Granted {
  clientId: string;
  accessToken: string;
  refreshToken: string;
}

/** Goes through the whole flow with a fresh client. */
export async function grant(issuer: string, owner: OwnerAnswers): Promise<Granted> {
  const asked = await authorization(issuer);
  const { code } = await ownerApproves(asked.url, owner);
  const { status, json, text } = await redeem(issuer, asked, code);
  if (status !== 200) throw new Error(`the token endpoint answered ${status}: ${text}`);
  return { clientId: asked.clientId, accessToken: json.access_token, refreshToken: json.refresh_token };
}
