import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditInput } from '@arleo/core/audit/event';
import { type StateHome, stateStores } from '../../test/state-stores.ts';
import type { State } from '../state/state.ts';
import { CLAIM_SECONDS, recordOwnerRevocations } from './owner-revocations.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

describe.each(stateStores)('what the owner revoked, in $name', ({ create }) => {
  let home: StateHome;
  let time = 1_800_000_000_000;
  let state: State;
  const stops: (() => void)[] = [];
  beforeEach(async () => {
    home = await create();
    state = await home.open(() => time);
    await state.adapter('Grant').upsert('g', { clientId: 'c', iat: 1 }, 600);
    const connections = await home.connections(() => time);
    await connections.revoke('c');
    await connections.close();
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) stop();
    await state.close();
    await home.remove();
  });
  /** A service that records, and whose disk takes what it recorded when `flush` says so. */
  const service = (flush: () => Promise<void>): AuditInput[] => {
    const recorded: AuditInput[] = [];
    const audit = { record: (event: AuditInput) => void recorded.push(event), flush, close: async () => undefined };
    stops.push(recordOwnerRevocations(state, audit, log, 5));
    return recorded;
  };
  const gone = async (): Promise<void> => {
    while ((await state.revocationNotices()).length > 0) await sleep(5);
  };

  it('is recorded once, by one of several services', async () => {
    const all = [service(async () => undefined), service(async () => undefined)];
    await gone();
    await sleep(20);
    expect(all.flat()).toEqual([
      {
        event_type: 'grant.revoked',
        result: 'success',
        reason: 'by_owner',
        resource: 'g',
        actor: { client_id: 'c' },
      },
    ]);
  });

  it('is recorded by another service when the one that was about to is gone', async () => {
    const dying = service(() => new Promise(() => undefined));
    while (dying.length === 0) await sleep(5);
    for (const stop of stops.splice(0)) stop();
    expect(await state.revocationNotices()).toEqual([{ grantId: 'g', clientId: 'c', at: time }]);
    time += CLAIM_SECONDS * 1000;
    const next = service(async () => undefined);
    await gone();
    expect(next).toMatchObject([{ event_type: 'grant.revoked', resource: 'g' }]);
  });
});
