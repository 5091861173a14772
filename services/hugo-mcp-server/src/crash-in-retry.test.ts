import { readFileSync, readlinkSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { copyAsCrashed, startOnCopy } from './testing/crash-copy.ts';
import { type GatedHugo, gatedHugo, until } from './testing/gated-hugo.ts';
import { type Answer, startService, type TestService } from './testing/service-fixture.ts';
import { inOrder } from './testing/service-state.ts';

let service: TestService;
let hugo: GatedHugo;
const at = (name: string) => path.join(service.dir.path, name);
const builds = async () => (await readFile(at('builds'), 'utf8').catch(() => '')).split('\n').length - 1;
const facts = (answer: Answer | undefined) => {
  if (answer?.json.result.isError) throw new Error(answer.text);
  return answer?.json.result.structuredContent;
};
const create = (name: string, content = `Text of ${name}.`) =>
  service.call('create_page', {
    route: `posts/${name}`,
    lang: 'en',
    title: name,
    content,
    idempotency_key: `key-of-page-${name}`,
  });
const settled = async () => !(await readdir(at('state'))).includes('journal.json');
/** What became of every commit of a page's change, the newest build first. */
const outcomes = async (name: string) =>
  JSON.parse(await readFile(at('state/builds.json'), 'utf8'))
    .flatMap(({ changes }: { changes: { message: string; outcome: string }[] }) => changes)
    .filter(({ message }: { message: string }) => message.includes(`posts/${name} `))
    .map(({ outcome }: { outcome: string }) => outcome);

/** Starts again on what {@link copyAsCrashed} kept, with a Hugo that builds. */
async function startOnFrozen(): Promise<void> {
  await hugo.open();
  await startOnCopy(service, 'frozen');
}

/**
 * Three changes share a build, have their answers before it ends, and are taken back for the third is bad; then each is
 * tried alone. Gives their answers, and the number of the build of the first alone, which has begun and is held.
 */
async function untilTheRetry() {
  const first = await builds();
  await hugo.close();
  const busy = service.call('build_site', {});
  await until(async () => (await builds()) === first + 1);
  const answers = await inOrder(service, [() => create('a'), () => create('b'), () => create('c', '{{< nope >}}')]);
  await hugo.letPass(first + 1);
  await until(async () => (await builds()) === first + 2);
  facts(await busy);
  const told = (await Promise.all(answers)).map(facts);
  for (const one of told) expect(one).toMatchObject({ committed: true, live: false, building: expect.any(String) });
  await hugo.letPass(first + 2);
  await until(async () => (await builds()) === first + 3);
  // What the failed build left is removed behind: a copy would stumble over it.
  await until(async () => !(await readdir(at('state/releases'))).some((name) => name.startsWith('.gone-')));
  return { told, alone: first + 3 };
}

beforeEach(async () => {
  service = await startService({
    prepare: async (dir) => {
      hugo = await gatedHugo(dir.path);
    },
    environment: (dir) => ({ HUGO_BIN: path.join(dir.path, 'hugo'), ANSWER_SECONDS: '10' }),
  });
  facts(await service.call('build_site', {}));
});
afterEach(async () => {
  await hugo?.open();
  await service?.dispose();
});

async function bothAreLive(): Promise<void> {
  await until(settled);
  for (const name of ['a', 'b']) {
    expect(await service.live(`en/posts/${name}/index.html`)).toContain(`Text of ${name}.`);
    expect(await service.dir.read(`site/content/posts/${name}/index.en.md`)).toContain(`Text of ${name}.`);
    // The key tells what is so.
    expect(facts(await create(name))).toMatchObject({ committed: true, live: true });
    expect((await outcomes(name))[0]).toBe('live');
  }
  expect(await service.live('en/posts/c/index.html')).toBeUndefined();
  await until(async () => !(await outcomes('c')).includes('pending'));
  expect(new Set(await outcomes('c'))).toEqual(new Set(['taken_back']));
  // Asked again with its key while it is built once more, it says so.
  let again = await create('c', '{{< nope >}}');
  while (/still under way|\[site_busy\]/.test(again.text)) again = await create('c', '{{< nope >}}');
  expect(again.text).toContain('[hugo_failed]');
}

test('a crash when the first of several is live: the others were acknowledged, and are made', async () => {
  const { alone } = await untilTheRetry();
  const old = readlinkSync(service.publicLink);
  await hugo.letPass(alone);
  await until(() => readlinkSync(service.publicLink) !== old);
  copyAsCrashed(service, 'frozen');
  await startOnFrozen();
  await bothAreLive();
});

test('a crash while the first of several is built alone', async () => {
  await untilTheRetry();
  copyAsCrashed(service, 'frozen');
  await startOnFrozen();
  await bothAreLive();
});

test('a crash while the second is written anew', async () => {
  const { alone } = await untilTheRetry();
  await hugo.letPass(alone);
  // The second is about to be written: the journal knows of it, and has no commit.
  await until(() => {
    const [next] = JSON.parse(readFileSync(at('state/journal.json'), 'utf8')).changes;
    return next?.message.includes('posts/b ') && next.commit === undefined && next.waiting === undefined;
  });
  copyAsCrashed(service, 'frozen');
  await startOnFrozen();
  await bothAreLive();
});

test('without a crash each good one goes live, and the bad one is taken back', async () => {
  await untilTheRetry();
  await hugo.open();
  await bothAreLive();
});
