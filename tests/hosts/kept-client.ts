/**
 * A client as Claude is one, whose tokens outlive the host that gave them. Prints what it keeps, and the tools' answers, as JSON.
 *
 *   PASSPHRASE=… node kept-client.js MCP_URL connect ROUTE   connects with the owner's consent, and creates a page
 *   KEPT=… node kept-client.js MCP_URL go-on ROUTE           goes on with what it keeps, without the owner: creates a page with its
 *                                                            access token, asks for the page's history with one that it refreshed
 */
import { connectAs, connector, GENERATIONS } from '@arleo/demo/smoke/clients';
import { MemoryProvider } from '@arleo/demo/smoke/memory-provider';

const [mcpUrl = '', what = '', route = ''] = process.argv.slice(2);
const { PASSPHRASE: passphrase = '', KEPT = '{}' } = process.env;
const provider = new MemoryProvider('keeps its tokens');
const page = { route, lang: 'en', title: `Page ${route}`, content: 'Written before or after.\n' };

if (what === 'connect') {
  const client = await connectAs(GENERATIONS[1], mcpUrl, provider, { passphrase });
  const created = await client.call('create_page', page);
  await client.close();
  print({ created });
} else {
  const kept = JSON.parse(KEPT);
  provider.saveClientInformation(kept.client);
  provider.saveTokens(kept.tokens);
  provider.saveDiscoveryState(kept.discovery);
  const { connect } = connector(GENERATIONS[1], mcpUrl, provider);
  const first = await connect();
  const created = await first.call('create_page', page);
  const sameToken = provider.tokens().access_token === kept.tokens.access_token;
  await first.close();
  // As if an hour had passed: the access token is refused, and the refresh token has to do.
  provider.saveTokens({ ...provider.tokens(), access_token: 'over' });
  const second = await connect();
  const history = await second.call('page_history', { route: kept.route, lang: 'en' });
  await second.close();
  print({ created, sameToken, history, refreshed: provider.tokens().access_token !== 'over' });
}

function print(answers: object): void {
  const kept = {
    client: provider.clientInformation(),
    tokens: provider.tokens(),
    discovery: provider.discoveryState(),
    route,
  };
  process.stdout.write(`${JSON.stringify({ kept, asked: provider.authorizationUrl !== undefined, ...answers })}\n`);
}
