import { giveBackMemory } from '@arleo/runtime/serve/give-back-memory';
import { runService } from '@arleo/runtime/serve/run-service';
import { readConfig } from './config.ts';
import { start } from './start.ts';

runService('hugo-mcp-server', async (lifecycle) => {
  await start(readConfig(process.env), lifecycle, { onPrepared: () => void giveBackMemory().catch(() => {}) });
});
