import { type StateHome, stateStores } from '../../test/state-stores.ts';
import { UNUSED_CLIENT_SECONDS } from './registration-rules.ts';
import type { State } from './state.ts';

describe.each(stateStores)('state in $name', ({ create }) => {
  let home: StateHome;
  let time = 1_800_000_000_000;
  let state: State;
  const later = (seconds: number): void => {
    time += seconds * 1000;
  };
  const open = () => home.open(() => time);
  const alive = async (grantId: string) => state.accessHolds(grantId, 'no token');
  beforeAll(async () => {
    home = await create();
    state = await open();
  });
  afterAll(async () => {
    await state.close();
    await home.remove();
  });

  it('finds what was stored until it expires', async () => {
    const codes = state.adapter('AuthorizationCode');
    await codes.upsert('code', { clientId: 'a' }, 60);
    expect(await codes.find('code')).toEqual({ jti: 'code', clientId: 'a' });
    expect(await state.adapter('RefreshToken').find('code')).toBeUndefined();
    later(60);
    expect(await codes.find('code')).toBeUndefined();
  });

  it('keeps the document of a client for a while, and lists its connection by it', async () => {
    const id = 'https://app.example/client.json';
    const documents = state.adapter('ClientDocument');
    const document = { client_name: 'App', redirect_uris: ['https://app.example/cb'], fetchedAt: 1, freshUntil: 2 };
    await documents.upsert(id, document, 60);
    expect(await documents.find(id)).toEqual(document);
    expect(await state.adapter('Client').find(id)).toBeUndefined();
    await state.adapter('Grant').upsert('of-a-document', { clientId: id, iat: 1 }, 60);
    const connections = await home.connections(() => time);
    const [connection] = (await connections.list()).filter((one) => one.id === id);
    await connections.close();
    expect(connection).toMatchObject({ name: 'App', hosts: ['app.example'] });
    await documents.upsert(id, { ...document, client_name: 'App 2' }, 120);
    later(60);
    expect(await documents.find(id)).toMatchObject({ client_name: 'App 2' });
    later(60);
    expect(await documents.find(id)).toBeUndefined();
  });

  it('keeps everything when it is closed and opened again', async () => {
    await state.adapter('Grant').upsert('kept', { clientId: 'a' }, 600);
    await state.close();
    state = await open();
    expect(await alive('kept')).toBe(true);
    later(600);
    expect(await alive('kept')).toBe(false);
  });

  it('reports a code as consumed at once', async () => {
    const codes = state.adapter('AuthorizationCode');
    await codes.upsert('c', { clientId: 'a' }, 60);
    await codes.consume('c');
    expect((await codes.find('c'))?.consumed).toBeTruthy();
  });

  it('lets one of several simultaneous uses of a code succeed, and revokes its grant', async () => {
    const codes = state.adapter('AuthorizationCode');
    await state.adapter('Grant').upsert('raced', { clientId: 'a' }, 600);
    await codes.upsert('race', { clientId: 'a', grantId: 'raced' }, 60);
    const uses = await Promise.allSettled([1, 2, 3].map(() => codes.consume('race')));
    expect(uses.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(uses.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { error: 'invalid_grant' } });
    expect(await alive('raced')).toBe(false);
    await expect(codes.consume('race')).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('keeps a consent as long as it is used, and never brings a revoked one back', async () => {
    const grants = state.adapter('Grant');
    const tokens = state.adapter('RefreshToken');
    const seconds = () => Math.floor(time / 1000);
    await grants.upsert('used', { clientId: 'a', exp: seconds() + 100 }, 100);
    later(90);
    await tokens.upsert('next', { clientId: 'a', grantId: 'used', exp: seconds() + 100 }, 100);
    later(90);
    expect(await alive('used')).toBe(true);
    expect((await grants.find('used'))?.exp).toBeGreaterThan(seconds());
    await tokens.revokeByGrantId('used');
    await tokens.upsert('late', { clientId: 'a', grantId: 'used', exp: seconds() + 100 }, 100);
    expect(await alive('used')).toBe(false);
  });

  it('removes a grant with all that came from it, and nothing of another grant', async () => {
    await state.adapter('Grant').upsert('g', { clientId: 'a' }, 600);
    const tokens = state.adapter('RefreshToken');
    await tokens.upsert('mine', { grantId: 'g' }, 600);
    await state.adapter('AuthorizationCode').upsert('mine', { grantId: 'g' }, 600);
    await tokens.upsert('other', { grantId: 'h' }, 600);
    await tokens.revokeByGrantId('g');
    expect(await alive('g')).toBe(false);
    expect(await tokens.find('mine')).toBeUndefined();
    expect(await state.adapter('AuthorizationCode').find('mine')).toBeUndefined();
    expect(await tokens.find('other')).toBeDefined();
  });

  it('finds a session by its uid, under its newest identifier', async () => {
    const sessions = state.adapter('Session');
    await sessions.upsert('old', { uid: 'u', accountId: 'owner' }, 600);
    await sessions.destroy('old');
    await sessions.upsert('new', { uid: 'u', accountId: 'owner' }, 600);
    expect(await sessions.findByUid('u')).toMatchObject({ accountId: 'owner' });
    expect(await sessions.findByUid('nobody')).toBeUndefined();
  });

  it('forgets a client that was never used, and keeps one that the owner approved', async () => {
    const clients = state.adapter('Client');
    await clients.upsert('unused', { client_id: 'unused' });
    await clients.upsert('used', { client_id: 'used' });
    await state.adapter('Grant').upsert('of-used', { clientId: 'used' }, 600);
    later(UNUSED_CLIENT_SECONDS);
    expect(await clients.find('unused')).toBeUndefined();
    expect(await clients.find('used')).toBeDefined();
  });

  it('refuses a revoked access token as long as it would be valid', async () => {
    await state.adapter('Grant').upsert('of-token', { clientId: 'a' }, 600);
    await state.revokeAccessToken('jti', 100);
    expect(await state.accessHolds('of-token', 'jti')).toBe(false);
    expect(await state.accessHolds('of-token', 'other')).toBe(true);
    later(100);
    expect(await state.accessHolds('of-token', 'jti')).toBe(true);
  });

  it('lets one claim a name, until it is given free', async () => {
    expect(await Promise.all([state.claim('code 1', 100), state.claim('code 1', 100)])).toEqual([true, false]);
    expect(await state.claim('code 2', 100)).toBe(true);
    later(100);
    expect(await state.claim('code 1', 100)).toBe(true);
  });

  it('keeps a claim that is for good, over a restart too', async () => {
    const years = 365 * 86_400;
    expect(await state.claim('recovery code', 100 * years)).toBe(true);
    later(50 * years);
    await state.close();
    state = await open();
    expect(await state.claim('recovery code', 100 * years)).toBe(false);
  });

  it('knows to the minute when a grant was last used', async () => {
    const lastUsed = async () => {
      const connections = await home.connections(() => time);
      const [connection] = (await connections.list()).filter(({ id }) => id === 'client-in-use');
      await connections.close();
      return connection?.last_used?.getTime();
    };
    await state.adapter('Grant').upsert('in-use', { clientId: 'client-in-use', iat: 1 }, 600);
    await state.close();
    expect(await lastUsed()).toBeUndefined();
    state = await open();
    const first = time;
    state.noteUse('in-use');
    later(59);
    state.noteUse('in-use');
    await state.close();
    expect(await lastUsed()).toBe(first);
    state = await open();
    state.noteUse('in-use');
    later(1);
    state.noteUse('in-use');
    later(59);
    state.noteUse('in-use');
    await state.close();
    expect(await lastUsed()).toBe(first + 119_000);
    state = await open();
  });

  it('refuses a model without a name: everything would be stored in one place', () => {
    expect(() => state.adapter('')).toThrow('no model');
  });
});
