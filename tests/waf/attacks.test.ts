import { countBlockedAttacks } from './attack-requests.ts';
import { type Edge, startEdge, WITHOUT_EXCEPTIONS } from './edge.ts';
import { ERAS, toolCall } from './frames.ts';

describe('attacks at the firewall', () => {
  let edge: Edge;
  let plain: Edge;

  beforeAll(async () => {
    edge = await startEdge();
    plain = await startEdge(WITHOUT_EXCEPTIONS);
  });
  afterAll(async () => {
    await edge?.dispose();
    await plain?.dispose();
  });

  it.each(ERAS)(
    '[R-WAF-ATTACKS] are blocked everywhere else as without the exceptions, in the frame of %s',
    async (era) => {
      const { sent, without, blocked, missed } = await countBlockedAttacks(edge, plain, era);
      process.stderr.write(
        `waf: of ${sent} attacks ${without} are blocked by CRS alone, ${blocked} with the exceptions (${era})\n`,
      );
      expect(missed).toEqual([]);
      // It must be worth comparing with.
      expect(without).toBeGreaterThan(sent * 0.8);
    },
  );

  it('lets plain words pass where a model took one tool for another', async () => {
    for (const call of [
      toolCall(ERAS[0], 'search_pages', { query: 'token', title: 'Rotation of tokens', tags: ['ops', 'été 2026'] }),
      toolCall(ERAS[1], 'get_page', { route: 'posts/a', content: '' }),
    ]) {
      expect((await edge.ask(call)).status).toBe(200);
    }
  });
});
