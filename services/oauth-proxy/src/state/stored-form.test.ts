import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { open } from 'lmdb';
import type { Entry, Store } from './lmdb/entry.ts';
import { openLmdbState } from './lmdb/open-lmdb-state.ts';

describe('what is stored of secret ids', () => {
  const now = 1_800_000_000_000;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'arleo-stored-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const openState = () => openLmdbState(folder, Buffer.alloc(32), () => now);
  /** All bytes of all files. */
  const bytes = () =>
    Buffer.concat(readdirSync(folder).map((name) => readFileSync(path.join(folder, name)))).toString('latin1');

  const things: [string, string, Record<string, unknown>][] = [
    ['RefreshToken', 'R'.repeat(43), { grantId: 'g', clientId: 'a', iat: now / 1000 - 5 }],
    ['AuthorizationCode', 'A'.repeat(43), { grantId: 'g', clientId: 'a' }],
    ['Session', 'S'.repeat(21), { uid: 'uid-of-session', accountId: 'owner' }],
    [
      'Interaction',
      'I'.repeat(21),
      {
        returnTo: `https://x.example/authorize/${'I'.repeat(21)}`,
        session: { accountId: 'owner', uid: 'uid-of-session', cookie: 'S'.repeat(21) },
        params: { client_id: 'a' },
      },
    ],
  ];

  it('is none of them in clear, and what was stored is found again', async () => {
    const state = await openState();
    for (const [model, id, payload] of things) {
      await state.adapter(model).upsert(id, { jti: id, kind: model, ...payload }, 600);
    }
    for (const [model, id, payload] of things) {
      const { session, ...rest } = payload as { session?: object };
      expect(await state.adapter(model).find(id)).toMatchObject({ jti: id, kind: model, ...rest });
      if (session) expect(session).toMatchObject({ accountId: 'owner', uid: 'uid-of-session' });
      expect(await state.adapter(model).find(`${id}x`)).toBeUndefined();
    }
    expect(await state.adapter('Session').findByUid('uid-of-session')).toMatchObject({ accountId: 'owner' });
    await state.close();
    for (const [, id] of things) expect(bytes()).not.toContain(id);
  });

  it('written by a version before is hashed when it is opened, in free pages too, and still holds', async () => {
    const before: Store = open({ path: path.join(folder, 'oauth.lmdb'), noSubdir: true });
    const expires = now + 600_000;
    const put = (key: string, payload: object) => before.put(key, { payload, expires } as Entry);
    await put('Grant:g', { clientId: 'a', jti: 'g' });
    await before.put('Client:a', { payload: { client_id: 'a' } });
    for (const [model, id, payload] of things) {
      await put(`${model}:${id}`, { jti: id, kind: model, ...payload });
      if ('grantId' in payload) await put(`grant-member:g:${model}:${id}`, {});
    }
    await put('session-uid:uid-of-session', { id: 'S'.repeat(21) });
    await put(`RefreshToken:${'Q'.repeat(43)}`, { grantId: 'g', jti: 'Q'.repeat(43), consumed: now / 1000 - 3600 });
    await put(`grant-member:g:RefreshToken:${'Q'.repeat(43)}`, {});
    await before.close();
    expect(bytes()).toContain('R'.repeat(43));

    const state = await openState();
    for (const [model, id] of things) expect(await state.adapter(model).find(id)).toMatchObject({ jti: id });
    expect(await state.adapter('Session').findByUid('uid-of-session')).toMatchObject({ accountId: 'owner' });
    expect((await state.adapter('RefreshToken').find('Q'.repeat(43)))?.consumed).toBeTruthy();
    expect(await state.adapter('Client').find('a')).toBeDefined();
    for (const id of [...things.map(([, one]) => one), 'Q'.repeat(43)]) expect(bytes()).not.toContain(id);
    expect(readdirSync(folder).sort()).toEqual(['oauth.lmdb', 'oauth.lmdb-lock']);

    await state.adapter('RefreshToken').revokeByGrantId('g');
    expect(state.accessHolds('g', '')).toBe(false);
    expect(await state.adapter('RefreshToken').find('R'.repeat(43))).toBeUndefined();
    expect(await state.adapter('AuthorizationCode').find('A'.repeat(43))).toBeUndefined();
    await state.close();
    const again = await openState();
    expect(await again.adapter('Session').find('S'.repeat(21))).toMatchObject({ accountId: 'owner' });
    await again.close();
  });
});
