import { type StateHome, stateStores } from '../../test/state-stores.ts';
import { MAX_UNUSED_REFRESH_TOKENS, REFRESH_GRACE_SECONDS } from './refresh-rules.ts';
import type { State } from './state.ts';

describe.each(stateStores)('the refresh tokens of a grant, in $name', ({ create }) => {
  let home: StateHome;
  let time = 1_800_000_000_000;
  let state: State;
  let names = 0;
  const later = (seconds: number): void => {
    time += seconds * 1000;
  };
  beforeEach(async () => {
    home = await create();
    state = await home.open(() => time);
    await state.adapter('Grant').upsert('g', { clientId: 'a' }, 30 * 86_400);
  });
  afterEach(async () => {
    await state.close();
    await home.remove();
  });

  const issue = async (grantId = 'g'): Promise<string> => {
    names += 1;
    await state.adapter('RefreshToken').upsert(`token ${names}`, { clientId: 'a', grantId }, 30 * 86_400);
    return `token ${names}`;
  };
  /** What oidc-provider does at the token endpoint: the successor, or undefined and the grant is revoked. */
  const use = async (token: string): Promise<string | undefined> => {
    const tokens = state.adapter('RefreshToken');
    const found = await tokens.find(token);
    if (!found) return undefined;
    if (found.consumed) {
      await tokens.revokeByGrantId('g');
      return undefined;
    }
    await tokens.consume(token);
    return issue();
  };

  it('succeed once more within the grace, counted from the first use, and are a replay after it', async () => {
    const token = await issue();
    await use(token);
    later(REFRESH_GRACE_SECONDS - 1);
    expect(await use(token)).toBeDefined();
    later(1);
    expect(await use(token)).toBeUndefined();
    expect(await state.accessHolds('g', '')).toBe(false);
  });

  it('of a burst are given up when one of them is used after the grace; using one of those revokes the grant', async () => {
    const token = await issue();
    const [first, second, third] = [await use(token), await use(token), await use(token)];
    later(3000);
    const next = await use(second ?? '');
    expect(next).toBeDefined();
    expect(await state.accessHolds('g', '')).toBe(true);
    expect((await state.adapter('RefreshToken').find(first ?? ''))?.consumed).toBeTruthy();
    expect(await use(third ?? '')).toBeUndefined();
    expect(await state.accessHolds('g', '')).toBe(false);
    expect(await use(next ?? '')).toBeUndefined();
  });

  it('cannot be kept up by two holders beside each other, however fast one of them goes on', async () => {
    const token = await issue();
    const client = await use(token);
    let thief = await use(token);
    for (let rotation = 0; rotation < 100; rotation += 1) {
      later(REFRESH_GRACE_SECONDS - 1);
      thief = await use(thief ?? '');
    }
    expect(thief).toBeDefined();
    expect(await use(client ?? '')).toBeUndefined();
    expect(await state.accessHolds('g', '')).toBe(false);
    expect(await use(thief ?? '')).toBeUndefined();
  });

  it('of a burst can all be used at once: no parallel refresh is lost', async () => {
    const token = await issue();
    const successors = await Promise.all([1, 2, 3].map(() => use(token)));
    later(REFRESH_GRACE_SECONDS - 1);
    const next = await Promise.all(successors.map((one) => use(one ?? '')));
    expect(next.every((one) => one !== undefined)).toBe(true);
    expect(await state.accessHolds('g', '')).toBe(true);
  });

  it(`are at most ${MAX_UNUSED_REFRESH_TOKENS} that were not used, and none of another grant is counted`, async () => {
    const other = await issue('h');
    const token = await issue();
    const successors: string[] = [];
    for (let count = 0; count < MAX_UNUSED_REFRESH_TOKENS + 5; count += 1) {
      time += 1;
      successors.push((await use(token)) ?? '');
    }
    const tokens = state.adapter('RefreshToken');
    const found = await Promise.all(successors.map((one) => tokens.find(one)));
    expect(found.map((one) => one?.consumed === undefined)).toEqual([
      ...Array(5).fill(false),
      ...Array(MAX_UNUSED_REFRESH_TOKENS).fill(true),
    ]);
    expect((await tokens.find(other))?.consumed).toBeUndefined();
  });

  it('that are used at the same moment as the one that replaces them are judged in order', async () => {
    const token = await issue();
    const [first = '', second = ''] = [await use(token), await use(token)];
    later(3000);
    const tokens = state.adapter('RefreshToken');
    // Both were found alive before either was noted as used.
    expect((await tokens.find(first))?.consumed ?? (await tokens.find(second))?.consumed).toBeUndefined();
    await tokens.consume(first);
    await expect(tokens.consume(second)).rejects.toMatchObject({ error: 'invalid_grant', grantId: 'g' });
    expect(await state.accessHolds('g', '')).toBe(false);
  });
});
