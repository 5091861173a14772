import type { AuditInput } from '@arleo/core/audit/event';
import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import { openRefusalTrail } from './refusal-trail.ts';

/** An audit log that keeps what it is told, and says when. */
function openRecords() {
  const events: AuditInput[] = [];
  let told = (): void => undefined;
  const first = new Promise<void>((resolve) => {
    told = resolve;
  });
  const audit: AuditLog = {
    record(event) {
      events.push(event);
      told();
    },
    flush: async () => undefined,
    close: async () => undefined,
  };
  return { audit, events, first };
}

const refused = { reason: 'expired', clientAddress: '192.0.2.1', userAgent: 'x', requestId: 'r' };

describe('the trail of refused requests', () => {
  it('has the precise reason of each', () => {
    const { audit, events } = openRecords();
    openRefusalTrail(audit).record(refused);
    expect(events).toEqual([
      {
        event_type: 'access_token.refused',
        result: 'denied',
        reason: 'expired',
        client_ip: '192.0.2.1',
        user_agent: 'x',
        request_id: 'r',
      },
    ]);
  });

  it('has one line with a count for each address over its limit', () => {
    const { audit, events } = openRecords();
    const trail = openRefusalTrail(audit);
    for (let sent = 0; sent < 500; sent += 1) trail.count('192.0.2.1');
    trail.count('192.0.2.2');
    expect(events).toEqual([]);
    trail.close();
    trail.close();
    expect(events).toEqual([
      expect.objectContaining({ client_ip: '192.0.2.1', reason: 'rate_limited', details: { requests: 500 } }),
      expect.objectContaining({ client_ip: '192.0.2.2', reason: 'rate_limited', details: { requests: 1 } }),
    ]);
  });

  it('records counts by itself when the minute is over', async () => {
    const { audit, events, first } = openRecords();
    // The trail does not keep a process alive; the test has to.
    const awake = setInterval(() => undefined, 1000);
    openRefusalTrail(audit, 5).count('192.0.2.1');
    await first;
    clearInterval(awake);
    expect(events).toEqual([expect.objectContaining({ details: { requests: 1 } })]);
  });

  it('stays short whatever number of addresses takes part, and loses none of them from the count', () => {
    const { audit, events } = openRecords();
    const trail = openRefusalTrail(audit);
    for (let address = 0; address < 50_000; address += 1) {
      trail.record({ ...refused, clientAddress: `2001:db8::${address.toString(16)}` });
    }
    expect(events).toHaveLength(1000);
    trail.close();
    expect(events).toHaveLength(2001);
    const counted = events.reduce((sum, { details }) => sum + Number(details?.requests ?? 1), 0);
    expect(counted).toBe(50_000);
    expect(events.at(-1)).toMatchObject({ client_ip: null, details: { requests: 48_000 } });
    trail.record(refused);
    expect(events.at(-1)).toMatchObject({ request_id: 'r' });
  });
});
