/**
 * A client as the owner's assistant is one, to be run in a host's network: connects with the owner's consent, creates a
 * page, and prints the tool's answer as JSON.
 *
 *   PASSPHRASE=… node write-page.js MCP_URL ROUTE TITLE
 */
import { connectAs, GENERATIONS } from '@arleo/demo/smoke/clients';
import { MemoryProvider } from '@arleo/demo/smoke/memory-provider';

const [mcpUrl = '', route = '', title = ''] = process.argv.slice(2);
const { PASSPHRASE: passphrase = '' } = process.env;
const client = await connectAs(GENERATIONS[1], mcpUrl, new MemoryProvider('test hosts'), { passphrase });
const answer = await client.call('create_page', { route, lang: 'en', title, content: 'Written through all hops.\n' });
await client.close();
process.stdout.write(`${JSON.stringify(answer)}\n`);
