import { type Installed, MCP_URL } from './install-by-hand.ts';
import type { TestHosts } from './test-hosts.ts';

/** Creates a page as a client on the first host; the tool's answer, or what the client said when it had none. */
export async function createPage(
  hosts: TestHosts,
  { client, passphrase }: Installed,
  route: string,
  title: string,
): Promise<unknown> {
  const command = ['-i', `PASSPHRASE=${passphrase}`, process.execPath, client, MCP_URL, route, title];
  const { stdout, stderr } = await hosts.host('nuc').runBeside('env', command);
  return stdout === '' ? stderr : JSON.parse(stdout);
}
