import './provider/expected-warning.ts';
import { runService } from '@arleo/runtime/serve/run-service';
import { readConfig } from './config.ts';
import { start } from './start.ts';

runService('oauth-proxy', async (lifecycle) => {
  await start(readConfig(process.env), lifecycle);
});
