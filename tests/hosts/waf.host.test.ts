import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { countBlockedAttacks } from '../waf/attack-requests.ts';
import { CONTENT_PLACES } from '../waf/content-requests.ts';
import { type Edge, startEdge, WITHOUT_EXCEPTIONS } from '../waf/edge.ts';
import { EVASIONS, NO_EVASIONS } from '../waf/evasion-requests.ts';
import { ERAS } from '../waf/frames.ts';
import { technicalTexts } from '../waf/technical-texts.ts';

/** The nginx, ModSecurity and CRS of the Debian that the hosts run, which are newer than those of the last one. */
const NGINX = fileURLToPath(new URL('nginx.sh', import.meta.url));

let edge: Edge;
let plain: Edge;
beforeAll(async () => {
  // The first time the packages are installed: nginx has seconds to start.
  await promisify(execFile)(NGINX, ['-v']);
  edge = await startEdge(undefined, NGINX);
  plain = await startEdge(WITHOUT_EXCEPTIONS, NGINX);
});
afterAll(async () => {
  await edge?.dispose();
  await plain?.dispose();
});

test("[R-WAF-ATTACKS] with the rules of the hosts' Debian attacks are blocked as without the exceptions", async () => {
  const { sent, without, blocked, missed } = await countBlockedAttacks(edge, plain, ERAS[1]);
  process.stderr.write(
    `waf on Debian 13: of ${sent} attacks ${without} are blocked by CRS alone, ${blocked} with the exceptions\n`,
  );
  expect(missed).toEqual([]);
  expect(without).toBeGreaterThan(sent * 0.8);
});

test.each(Object.keys(CONTENT_PLACES))(
  "[R-WAF-TEXTS] with the rules of the hosts' Debian no text is blocked as %s",
  async (place) => {
    const build = CONTENT_PLACES[place] as (typeof CONTENT_PLACES)[string];
    const texts = technicalTexts(1_000).filter((_text, index) => index % 10 === 0);
    const answers = await edge.askAll(texts.map((text) => build(text, ERAS[1])));
    const said = texts.map(({ file }, index) => `${answers[index]?.status} ${file} ${answers[index]?.text}`);
    expect(said.filter((text) => !text.startsWith('200 '))).toEqual([]);
  },
);

test("[R-WAF-EVASIONS] with the rules of the hosts' Debian the ways around are closed", async () => {
  const statuses = async (requests: typeof EVASIONS): Promise<(number | string | undefined)[][]> => {
    const answers = await edge.askAll(Object.values(requests));
    return Object.keys(requests).map((name, index) => [name, answers[index]?.status]);
  };
  expect((await statuses(EVASIONS)).filter(([, status]) => ![400, 403, 413].includes(Number(status)))).toEqual([]);
  expect((await statuses(NO_EVASIONS)).filter(([, status]) => status !== 200)).toEqual([]);
});
