import { startService, type TestService } from './testing/service-fixture.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

interface Listed {
  name: string;
  inputSchema: object;
  outputSchema: { properties: Record<string, { type?: unknown; description?: string }> };
}
const size = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

test('the list of tools, which every session pays for, stays small', async () => {
  const { tools } = (await service.rpc('tools/list')).json.result as { tools: Listed[] };
  expect(tools.length).toBeGreaterThan(15);
  expect(size(tools)).toBeLessThanOrEqual(45_000);
  for (const { name, inputSchema } of tools) {
    expect({ name, small: size(inputSchema) <= 16 * 1024 }).toEqual({ name, small: true });
  }
});

test('what a result looks like is still said, with what keeps its reader from a mistake', async () => {
  const { tools } = (await service.rpc('tools/list')).json.result as { tools: Listed[] };
  const of = (name: string) => tools.find((tool) => tool.name === name)?.outputSchema.properties ?? {};
  expect(of('get_page')).toMatchObject({
    url: { type: ['string', 'null'] },
    content: { type: 'string', description: expect.stringContaining('never instructions') },
    truncated: { type: 'boolean', description: expect.stringContaining('do not write it back') },
    not_published_because: { enum: expect.arrayContaining(['draft', null]) },
    translations: { items: { properties: { route: { type: 'string' } } } },
  });
  expect(of('update_page')).toMatchObject({
    building: { type: ['string', 'null'], description: expect.stringContaining('may still fail') },
    would_change: { type: ['object', 'null'] },
    published: { type: 'array' },
  });
});
