import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { openHistory } from './history.ts';
import { createHistoryLog, takenBackMessage } from './history-log.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'history-log-'));
  await mkdir(path.join(dir, 'site/content'), { recursive: true });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('two changes of one message that are taken back are both told to be', async () => {
  const place = {
    gitDir: path.join(dir, 'history.git'),
    workTree: path.join(dir, 'site'),
    searchPath: process.env.PATH ?? '',
  };
  const history = await openHistory(place);
  const author = { sub: 'owner', clientId: 'client', requestId: 'r' };
  const commit = async (text: string, message: string) => {
    await writeFile(path.join(dir, 'site/content/a.md'), text);
    await history.commitFiles(['content/a.md'], message, author);
  };
  await commit('lasts', 'Update a');
  await commit('one', 'Update a');
  await commit('two', 'Update a');
  await commit('one', takenBackMessage('Update a'));
  await commit('lasts', takenBackMessage('Update a'));
  const entries = await createHistoryLog(place).entries('content/a.md', { skip: 0, limit: 10 });
  expect(entries.map(({ takenBack }) => takenBack)).toEqual([false, false, true, true, false]);
});
