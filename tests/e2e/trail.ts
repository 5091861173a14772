import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { verifyChain } from '@arleo/core/audit/chain';
import { HOPS, type Hop } from '@arleo/core/errors';
import type { TestStack } from './start.ts';

/** The audit events of one hop. */
export async function auditEvents(stack: TestStack, hop: Hop): Promise<Record<string, unknown>[]> {
  const text = await readFile(stack.layout.audit(hop), 'utf8');
  // What follows the last line feed is a line that is being written at this moment.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Fails unless every hop's audit log is a whole hash chain. */
export async function expectWholeChains(stack: TestStack): Promise<void> {
  for (const hop of HOPS) {
    const lines = createInterface({ input: createReadStream(stack.layout.audit(hop)) });
    expect({ hop, ...(await verifyChain(lines)) }).toMatchObject({ hop, ok: true });
  }
}

/** Fails if one of the secrets, or one of the state's own, is in any log. */
export async function expectNoSecrets(stack: TestStack, further: string[]): Promise<void> {
  const { layout, state } = stack;
  const read = async (file: string) => (await readFile(file, 'utf8')).trim();
  const secrets = {
    passphrase: state.passphrase,
    'hop token': state.mcpToken,
    'hop token, secret part': state.mcpToken.slice(-64),
    'webhook secret': state.webhookSecret,
    'token secret': await read(layout.tokenSecret),
    'actor key': (await read(layout.actorKey)).split('\n')[1] ?? '',
    'TLS key': (await read(layout.tlsKey)).split('\n')[1] ?? '',
    'passphrase hash': JSON.parse(await read(layout.owner)).passphrase_hash,
    ...Object.fromEntries(further.map((secret, index) => [`secret ${index} of the test`, secret])),
  };
  const found: string[] = [];
  for (const name of await readdir(layout.logs)) {
    const text = await readFile(path.join(layout.logs, name), 'utf8');
    for (const [what, secret] of Object.entries(secrets)) if (text.includes(secret)) found.push(`${what} in ${name}`);
  }
  expect(found).toEqual([]);
}
