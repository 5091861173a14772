import { CONTENT_PLACES as places } from './content-requests.ts';
import { type Edge, type EdgeAnswer, startEdge, WITHOUT_EXCEPTIONS } from './edge.ts';
import { ERAS } from './frames.ts';
import { type TechnicalText, technicalTexts } from './technical-texts.ts';

const COUNT = 1_000;

const blocked = (answers: readonly EdgeAnswer[]) => answers.filter(({ status }) => status !== 200).length;

describe(`${COUNT} real technical texts at the firewall`, () => {
  let edge: Edge;
  let texts: readonly TechnicalText[];

  beforeAll(async () => {
    edge = await startEdge();
    texts = technicalTexts(COUNT);
  });
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
