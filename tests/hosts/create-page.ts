import { type Installed, MCP_URL } from './install-two.ts';
import type { TestHosts } from './test-hosts.ts';

/** Creates a page as a client on the first host; the tool's answer, or what the client said when it had none. */
export async function createPage(
  hosts: TestHosts,
  { client, passphrase, certificate }: Installed,
  route: string,
  title: string,
): Promise<unknown> {
  const environment = [`PASSPHRASE=${passphrase}`, `NODE_EXTRA_CA_CERTS=${certificate}`];
  const command = ['-i', ...environment, process.execPath, client, MCP_URL, route, title];
  const { stdout, stderr } = await hosts.host('nuc').runBeside('env', command);
  return stdout === '' ? stderr : JSON.parse(stdout);
}
