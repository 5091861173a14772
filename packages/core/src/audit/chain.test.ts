import fc from 'fast-check';
import { CHAIN_START, chainLine, verifyChain } from './chain.ts';
import { type AuditInput, auditEvent, auditEventSchema } from './event.ts';

const at = new Date('2026-05-09T13:42:11.000Z');

function log(inputs: AuditInput[], from = CHAIN_START): { lines: string[]; last: string } {
  const lines: string[] = [];
  let last = from;
  for (const input of inputs) {
    const { line, hash } = chainLine(auditEvent(input, 'hugo-mcp-server', at), last);
    lines.push(line);
    last = hash;
  }
  return { lines, last };
}

const events: AuditInput[] = Array.from({ length: 6 }, (_, i) => ({
  event_type: 'page.created',
  result: 'success',
  resource: `page ${i}`,
  actor: { sub: 'owner', client_id: 'c', token_id: 'tok_main_001' },
  duration_ms: 1.23456,
}));

test('the line of an event is pinned', () => {
  const [line] = log([
    {
      event_type: 'token.refused',
      result: 'denied',
      reason: 'expired',
      client_ip: '192.168.122.1',
      user_agent: 'Claude-User',
      request_id: 'r1',
      details: { attempts: 2 },
    },
  ]).lines;
  expect(line).toBe(
    '{"timestamp":"2026-05-09T13:42:11.000Z","level":"warn","event_type":"token.refused","actor":null,"resource":null,' +
      '"result":"denied","reason":"expired","client_ip":"192.168.122.1","user_agent":"Claude-User","request_id":"r1",' +
      `"hop":"hugo-mcp-server","duration_ms":null,"details":{"attempts":2},"prev":"${'0'.repeat(64)}"}`,
  );
});

test('an untouched log verifies and gives the hash that the next file begins with', async () => {
  const first = log(events);
  await expect(verifyChain(first.lines)).resolves.toEqual({ ok: true, count: 6, last: first.last });
  const second = log(events, first.last);
  await expect(verifyChain(second.lines, first.last)).resolves.toMatchObject({ ok: true });
  await expect(verifyChain(second.lines)).resolves.toMatchObject({ ok: false, line: 1 });
  await expect(verifyChain([])).resolves.toEqual({ ok: true, count: 0, last: CHAIN_START });
});

test.each<[string, (lines: string[]) => string[], number]>([
  ['a removed line', (lines) => lines.toSpliced(2, 1), 3],
  ['a removed first line', (lines) => lines.slice(1), 1],
  ['two lines exchanged', (lines) => lines.with(2, lines[3] ?? '').with(3, lines[2] ?? ''), 3],
  ['a line written twice', (lines) => lines.toSpliced(2, 0, lines[2] ?? ''), 4],
  ['a changed line', (lines) => lines.with(2, (lines[2] ?? '').replace('owner', 'somebody')), 4],
  ['a line that is no JSON', (lines) => lines.with(2, '{"timestamp"'), 3],
  ['a line that is no event', (lines) => lines.with(2, '{}'), 3],
  ['an empty line', (lines) => lines.toSpliced(2, 0, ''), 3],
])('finds %s', async (_, damage, line) => {
  const verdict = await verifyChain(damage(log(events).lines));
  expect(verdict).toMatchObject({ ok: false, line });
});

test('any change at one place in any line but the last is found', async () => {
  const { lines } = log(events);
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 1 }), fc.constantFrom(' ', '\t', '\r'));
  await fc.assert(
    fc.asyncProperty(fc.nat(lines.length - 2), fc.nat(), fc.nat(1), text, async (at, position, removed, inserted) => {
      const line = lines[at] ?? '';
      const index = position % (line.length + 1);
      const changed = line.slice(0, index) + inserted + line.slice(index + removed);
      fc.pre(changed !== line);
      await expect(verifyChain(lines.with(at, changed))).resolves.toMatchObject({ ok: false });
    }),
  );
  for (const space of [' ', '\t', '\r']) {
    await expect(verifyChain(lines.with(0, lines[0] + space))).resolves.toMatchObject({ ok: false });
  }
});

test('whatever a caller puts into texts, the event is valid and one line', () => {
  const text = fc.string({ unit: 'binary', maxLength: 3000 });
  fc.assert(
    fc.property(text, text, fc.double(), (a, b, duration_ms) => {
      const event = auditEvent(
        {
          event_type: 'token.refused',
          result: 'failure',
          actor: { sub: a, client_id: b },
          resource: b,
          reason: a,
          client_ip: a,
          user_agent: b,
          request_id: a,
          duration_ms,
          details: { [a]: b, n: duration_ms },
        },
        'oauth-proxy',
        at,
      );
      const { line } = chainLine(event, CHAIN_START);
      expect(auditEventSchema.safeParse(JSON.parse(line)).success).toBe(true);
      expect(line).not.toMatch(/[\r\n]/);
    }),
  );
});
