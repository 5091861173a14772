import { type StateHome, stateStores } from '../../test/state-stores.ts';
import { CONNECTING_SECONDS, MAX_UNUSED_CLIENTS } from './registration-rules.ts';
import type { State } from './state.ts';

describe.each(stateStores)('clients that were never used, in $name', ({ create }) => {
  let home: StateHome;
  let time = 1_800_000_000_000;
  let state: State;
  let network = '198.51';
  const later = (seconds: number): void => {
    time += seconds * 1000;
  };
  beforeEach(async () => {
    home = await create();
    state = await home.open(
      () => time,
      () => network,
    );
    network = '198.51';
  });
  afterEach(async () => {
    await state.close();
    await home.remove();
  });
  const register = (id: string) => state.adapter('Client').upsert(id, { client_id: id });
  const known = async (id: string) => (await state.adapter('Client').find(id)) !== undefined;
  const flood = async (name: string, count = MAX_UNUSED_CLIENTS) => {
    const all: PromiseSettledResult<unknown>[] = [];
    // Not all at once: a command waits for those before it, and for no more than its time.
    while (all.length < count) {
      const some = Math.min(50, count - all.length);
      const begun = Array.from({ length: some }, (_, index) => register(`${name}-${all.length + index}`));
      all.push(...(await Promise.allSettled(begun)));
    }
    return all;
  };
  const openPage = (id: string) =>
    state.adapter('Interaction').upsert(`page of ${id}`, { params: { client_id: id } }, 900);

  it('are forgotten for newer ones, the oldest first, and never one that the owner approved', async () => {
    await register('approved');
    await state.adapter('Grant').upsert('g', { clientId: 'approved' }, 600);
    await register('oldest');
    later(1);
    await flood('idle', MAX_UNUSED_CLIENTS - 1);
    later(CONNECTING_SECONDS);
    await register('new');
    expect(await known('oldest')).toBe(false);
    expect(await known('idle-0')).toBe(true);
    expect(await known('new')).toBe(true);
    expect(await known('approved')).toBe(true);
  });

  it('are kept while the owner may be connecting: the flood is refused, and told when to try again', async () => {
    await register('owner');
    later(60);
    const refused = (await flood('flood')).filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatchObject({ reason: { statusCode: 429, retryAfterSeconds: CONNECTING_SECONDS - 60 } });
    expect(await known('owner')).toBe(true);
  });

  it('make room for a newcomer of another network: one of the network that has most goes, the oldest without a page', async () => {
    await register('with page');
    later(1);
    await openPage('with page');
    later(1);
    await register('oldest');
    later(1);
    await flood('flood', MAX_UNUSED_CLIENTS - 10);
    network = '203.0';
    await flood('few', 8);
    network = '192.0';
    await register('owner');
    expect(await Promise.all(['with page', 'oldest', 'flood-0', 'few-0', 'owner'].map(known))).toEqual([
      true,
      false,
      true,
      true,
      true,
    ]);
    // Who floods displaces nobody.
    network = '198.51';
    await expect(register('more')).rejects.toMatchObject({ statusCode: 429 });
    expect(await known('owner')).toBe(true);
  });

  it('of many networks are not forgotten for one more', async () => {
    for (let index = 0; index < MAX_UNUSED_CLIENTS; index += 1) {
      network = `10.${index}`;
      await register(`client ${index}`);
    }
    network = '192.0';
    await expect(register('newcomer')).rejects.toMatchObject({ statusCode: 429 });
    expect(await known('client 0')).toBe(true);
  });

  it('are kept for as long as a page of theirs is open, and not for ever', async () => {
    await register('owner');
    later(CONNECTING_SECONDS - 1);
    await openPage('owner');
    later(CONNECTING_SECONDS - 1);
    await flood('flood');
    expect(await known('owner')).toBe(true);
    for (let minutes = 0; minutes < 60; minutes += 10) {
      later(600);
      await openPage('owner');
    }
    await flood('later');
    expect(await known('owner')).toBe(false);
  });
});
