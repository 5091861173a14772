import { type Edge, startEdge } from './edge.ts';
import { ATTACK_BESIDE_PUSH, EVASIONS, NO_EVASIONS } from './evasion-requests.ts';
import type { Request } from './frames.ts';

describe('ways around the firewall', () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(() => edge?.dispose());

  it.each(Object.keys(EVASIONS))('[R-WAF-EVASIONS] are closed: %s', async (name) => {
    const { status, text } = await edge.ask(EVASIONS[name] as Request);
    expect([400, 403, 413]).toContain(status);
    expect(['nginx', 'waf']).toContain(JSON.parse(text).error.data.hop);
  });

  it.each(Object.keys(NO_EVASIONS))('do not cost what belongs there: %s', async (name) => {
    expect((await edge.ask(NO_EVASIONS[name] as Request)).status).toBe(200);
  });

  it('checks the headers of a signed push, too', async () => {
    expect(JSON.parse((await edge.ask(ATTACK_BESIDE_PUSH)).text).error.data.reason).toBe('waf_blocked');
  });
});
