import { type Edge, type EdgeAnswer, startEdge, WITHOUT_EXCEPTIONS } from './edge.ts';
import { ERAS, type Era, type Request, toolCall } from './frames.ts';
import { type TechnicalText, technicalTexts } from './technical-texts.ts';

const COUNT = 1_000;

/** Every place of every tool in which a text can stand. */
const places: Record<string, (text: TechnicalText, era: Era) => Request> = {
  'content of create_page': ({ body }, era) =>
    toolCall(era, 'create_page', { route: 'posts/a', lang: 'en', title: 'A', content: body }),
  'title, tags and front matter of create_page': ({ title, body }, era) =>
    toolCall(era, 'create_page', {
      route: 'posts/a',
      lang: 'en',
      title,
      content: 'A',
      tags: [title.slice(0, 100), 'b'],
      front_matter: {
        description: title,
        summary: body.slice(0, 4_000),
        params: { note: [title], 'og-text': { a: title } },
      },
    }),
  'edits of update_page': ({ title, body }, era) =>
    toolCall(era, 'update_page', {
      route: 'posts/a',
      lang: 'en',
      edits: [
        { find: title, replace: body },
        { find: body, replace: '' },
      ],
    }),
  'changes of apply_changes': ({ title, body }, era) =>
    toolCall(era, 'apply_changes', {
      changes: [
        { action: 'create', route: 'posts/a', lang: 'en', title, content: body, tags: [title.slice(0, 100)] },
        {
          action: 'update',
          route: 'posts/b',
          lang: 'en',
          edits: [{ find: title, replace: body }],
          front_matter: { description: title, params: { note: [title] } },
        },
      ],
    }),
  'content of preview_page': ({ body }, era) => toolCall(era, 'preview_page', { route: '/', content: body }),
  'data of upload_asset': ({ body }, era) =>
    toolCall(era, 'upload_asset', {
      name: 'a.svg',
      content_type: 'image/svg+xml',
      data: Buffer.from(body).toString('base64'),
    }),
};

const blocked = (answers: readonly EdgeAnswer[]) => answers.filter(({ status }) => status !== 200).length;

describe(`${COUNT} real technical texts at the firewall`, () => {
  let edge: Edge;
  let texts: readonly TechnicalText[];

  beforeAll(async () => {
    edge = await startEdge();
    texts = technicalTexts(COUNT);
  }, 60_000);
  afterAll(() => edge?.dispose());

  const cases = ERAS.flatMap((era) => Object.keys(places).map((place) => ({ era, place })));
  it.each(cases)('[R-WAF-TEXTS] blocks none of them as $place, in the frame of $era', async ({ era, place }) => {
    const answers = await edge.askAll(texts.map((text) => (places[place] as (typeof places)[string])(text, era)));
    const refused = texts.filter((_text, index) => answers[index]?.status !== 200).map(({ file }) => file);
    process.stderr.write(`waf: ${refused.length} of ${texts.length} texts blocked as ${place} (${era})\n`);
    expect(refused).toEqual([]);
  });

  it('would block most of them without the exceptions', async () => {
    const plain = await startEdge(WITHOUT_EXCEPTIONS);
    try {
      const some = texts.filter((_text, index) => index % 10 === 0);
      const count = blocked(
        await plain.askAll(
          some.map((text) => (places['content of create_page'] as (typeof places)[string])(text, ERAS[0])),
        ),
      );
      process.stderr.write(`waf: ${count} of ${some.length} texts blocked as content without the exceptions\n`);
      expect(count).toBeGreaterThan(some.length / 2);
    } finally {
      await plain.dispose();
    }
  });
});
