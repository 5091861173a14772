import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium } from 'playwright-core';

/** A real Chromium, and the loopback address at which a client waits for it to come back. */
export interface ChromiumAndClient {
  browser: Browser;
  redirectUri: string;
  close(): Promise<void>;
}

/** `CHROMIUM` names the program; Debian's if it is not set. */
export async function startChromiumAndClient(): Promise<ChromiumAndClient> {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const client = createServer((_, response) => response.end('<h1>You may close this window</h1>'));
  await new Promise<void>((resolve) => client.listen(0, '127.0.0.1', resolve));
  return {
    browser,
    redirectUri: `http://127.0.0.1:${(client.address() as AddressInfo).port}/callback`,
    async close() {
      await browser.close();
      client.close();
    },
  };
}
