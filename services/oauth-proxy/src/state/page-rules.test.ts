import { type StateHome, stateStores } from '../../test/state-stores.ts';
import { KEPT_OPEN_PAGES, MAX_OPEN_PAGES } from './page-rules.ts';
import type { State } from './state.ts';

describe.each(stateStores)('open pages, in $name', ({ create }) => {
  let home: StateHome;
  let time = 1_800_000_000_000;
  let network = '';
  let state: State;
  beforeEach(async () => {
    home = await create();
    state = await home.open(
      () => time,
      () => network,
    );
  });
  afterEach(async () => {
    await state.close();
    await home.remove();
  });
  const open = (id: string) => state.adapter('Interaction').upsert(id, { params: { client_id: 'c' } }, 900);
  const isOpen = async (id: string) => (await state.adapter('Interaction').find(id)) !== undefined;
  const flood = (name: string, count: number) =>
    Promise.all(Array.from({ length: count }, (_, index) => open(`${name} ${index}`)));

  it('are so many and no more; of the network that has most the oldest go', async () => {
    network = '203.0';
    await open('owner');
    network = '198.51';
    time += 1;
    await open('oldest');
    time += 1;
    await flood('flood', MAX_OPEN_PAGES - 2);
    expect(await Promise.all(['owner', 'oldest', 'flood 0'].map(isOpen))).toEqual([true, true, true]);
    network = '192.0';
    await open('one more');
    expect(await Promise.all(['owner', 'oldest', 'one more'].map(isOpen))).toEqual([true, false, true]);
    const left = await Promise.all(Array.from({ length: MAX_OPEN_PAGES - 2 }, (_, index) => isOpen(`flood ${index}`)));
    expect(left.filter((one) => one)).toHaveLength(KEPT_OPEN_PAGES - 1);
  });

  it('that end, or go on, make no room', async () => {
    network = '203.0';
    await open('owner');
    network = '198.51';
    await flood('flood', MAX_OPEN_PAGES - 1);
    // The owner logs in: the same page goes on, wherever it is sent from.
    await open('owner');
    expect(await isOpen('flood 0')).toBe(true);
    await state.adapter('Interaction').destroy('flood 0');
    await open('in its place');
    expect(await isOpen('flood 1')).toBe(true);
    time += 900_000;
    network = '192.0';
    await open('later');
    await flood('again', MAX_OPEN_PAGES - 1);
    expect(await isOpen('later')).toBe(true);
    expect(await isOpen('again 0')).toBe(true);
  });
});
