import { ownerApproves } from '@arleo/demo/smoke/owner-approves';
import { freePorts } from '../e2e/free-ports.ts';
import { grant, register } from '../e2e/oauth.ts';
import { startTestStack, type TestStack } from '../e2e/start.ts';
import { type AuthorizedForwarder, startAuthorizedForwarder } from './authorized-forwarder.ts';
import { EXTENSIONS_NOT_OFFERED, NOT_APPLICABLE } from './not-applicable.ts';
import {
  type Check,
  listScenarios,
  REVISIONS,
  type Revision,
  runAuthorizationScenarios,
  runServerScenarios,
} from './suite.ts';

const serverScenarios = REVISIONS.flatMap((revision) =>
  listScenarios('server', revision).map((scenario) => [revision, scenario] as const),
);
const authorizationScenarios = REVISIONS.flatMap((revision) =>
  listScenarios('authorization', revision).map((scenario) => [revision, scenario] as const),
);

let stack: TestStack;
let forwarder: AuthorizedForwarder;
const results = new Map<string, Check[]>();
const keep = (kind: string, revision: Revision, found: Map<string, Check[]>): void => {
  for (const [scenario, checks] of found) results.set(`${kind} ${revision} ${scenario}`, checks);
};

beforeAll(async () => {
  stack = await startTestStack();
  const owner = { passphrase: stack.state.passphrase };
  const { issuer, mcpUrl } = stack.addresses;
  // The suite's server scenarios cannot carry a token: a forwarder adds one that was got through the whole flow.
  const { accessToken } = await grant(issuer, owner);
  forwarder = await startAuthorizedForwarder(mcpUrl, accessToken);
  for (const revision of REVISIONS) {
    keep('server', revision, await runServerScenarios(forwarder.mcpUrl, revision));
    const { site: port } = await freePorts();
    const client = await register(issuer, { redirect_uris: [`http://127.0.0.1:${port}/callback`] });
    const run = { issuer, clientId: client.json.client_id, resource: mcpUrl, port, revision };
    const approve = async (url: URL): Promise<void> => {
      const { callback } = await ownerApproves(url, owner);
      await (await fetch(callback)).text();
    };
    keep('authorization', revision, await runAuthorizationScenarios({ ...run, approve }));
  }
});
afterAll(async () => {
  await forwarder?.close();
  await stack?.dispose();
});

/** What does not hold, and is not excused; and what is excused, and holds. */
function verdict(kind: string, revision: Revision, scenario: string): string[] {
  const checks = results.get(`${kind} ${revision} ${scenario}`);
  if (checks === undefined || checks.length === 0) return ['the suite reported no check'];
  const problems: string[] = [];
  for (const { id, status, errorMessage = '' } of checks) {
    const listed = NOT_APPLICABLE.find((entry) => entry.checks.includes(`${scenario}:${id}`));
    const holds = status === 'SUCCESS' || status === 'INFO';
    if (holds && listed) problems.push(`${id} holds, and is listed: ${listed.reason}`);
    if (!holds && !listed?.says.test(errorMessage)) problems.push(`${id}: ${status} ${errorMessage}`);
  }
  return problems;
}

test.each(serverScenarios)('[R-CONF-SERVER] %s %s', (revision, scenario) => {
  expect(verdict('server', revision, scenario)).toEqual([]);
});

test.each(authorizationScenarios)('[R-CONF-AUTH] %s %s', (revision, scenario) => {
  expect(verdict('authorization', revision, scenario)).toEqual([]);
});

test('[R-CONF-SERVER] no scenario of the suite is left out but those of extensions that are not offered', () => {
  const run = new Set<string>(serverScenarios.map(([, scenario]) => scenario));
  const left = listScenarios('server').filter((scenario) => !run.has(scenario));
  expect(left.filter((scenario) => !EXTENSIONS_NOT_OFFERED.some((names) => names.test(scenario)))).toEqual([]);
});

test('no check is listed as not applicable that the suite does not have', () => {
  const seen = new Set([...results].flatMap(([key, checks]) => checks.map(({ id }) => `${key.split(' ')[2]}:${id}`)));
  expect(NOT_APPLICABLE.flatMap(({ checks }) => checks).filter((check) => !seen.has(check))).toEqual([]);
});
