import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { until } from './gated-hugo.ts';
import type { TestService } from './service-fixture.ts';

/** How many requests are being answered, but for the one that asks. */
async function inFlight(service: TestService): Promise<number> {
  const { text } = await service.send({ path: '/metrics', method: 'GET' });
  return Number(/^arleo_http_requests_in_flight\S* (\d+)/m.exec(text)?.[1]) - 1;
}

/**
 * Sends calls that have their answers much later, one after the other, each some time after the one before came in, so that
 * they are in the queue in this order. Gives the answers.
 */
export async function inOrder<Answer>(
  service: TestService,
  calls: readonly (() => Promise<Answer>)[],
): Promise<Promise<Answer>[]> {
  const answers: Promise<Answer>[] = [];
  const before = await inFlight(service);
  for (const call of calls) {
    let over = false;
    const answer = call().finally(() => {
      over = true;
    });
    answers.push(answer);
    await until(async () => over || (await inFlight(service)) >= before + answers.length);
    // From the edge it goes on to the queue.
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return answers;
}

/** Until all releases are on the disk for good, which is behind the answer of a build, and what went is removed. */
export async function releasesOnDisk(service: TestService): Promise<void> {
  const folder = path.join(service.dir.path, 'state/releases');
  await until(async () => {
    const names = await readdir(folder);
    if (names.some((name) => name.startsWith('.'))) return false;
    const descriptions = names.filter((name) => name.endsWith('.json'));
    const texts = await Promise.all(descriptions.map((name) => readFile(path.join(folder, name), 'utf8')));
    return texts.every((text) => !('boot' in JSON.parse(text)));
  });
}
