import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLifecycle } from './lifecycle.ts';
import { openRecords } from './open-records.ts';

test('an audit log has one writer at a time', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-records-'));
  const config = {
    LOG_LEVEL: 'error',
    AUDIT_LOG: path.join(folder, 'new/audit.jsonl'),
    AUDIT_LOG_BYTES: 65_536,
    AUDIT_LOG_FILES: 2,
  };
  const [first, second, third] = [createLifecycle(), createLifecycle(), createLifecycle()];
  await openRecords('oauth-proxy', config, first);
  await expect(openRecords('oauth-proxy', config, second)).rejects.toMatchObject({ code: 'lock_held' });
  await first.closeAll();
  await openRecords('oauth-proxy', config, third);
  await third.closeAll();
  await rm(folder, { recursive: true });
});
