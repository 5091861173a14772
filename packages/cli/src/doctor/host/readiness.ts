import { type ReadyDetails, readyDetailsSchema } from '@arleo/runtime/http/ready-details';
import * as z from 'zod';
import type { Exchange } from '../probes/exchange.ts';
import type { Found } from '../trail.ts';
import { judgeAnswer } from '../verdicts/answer.ts';
import { judgeClock } from '../verdicts/clock.ts';
import { json } from '../verdicts/error-answer.ts';
import { judgeDisks } from './disk.ts';

const schema = z.object({
  status: z.enum(['ready', 'not_ready']),
  hop: z.string().max(100),
  problems: z.array(z.string().max(2_000)).max(50).optional(),
  details: readyDetailsSchema.optional(),
});

/** What `/readyz` of a service says. */
export interface ReadinessSeen {
  details: ReadyDetails | undefined;
  /** Why the next hop cannot be reached, a reason of docs/errors.md; undefined if it can. */
  upstream: string | undefined;
  found: Found[];
  says: string;
}

/** What an answer of `/readyz` tells. @param remote it is another host's: its clock is compared with this one's */
export function judgeReadiness(answer: Exchange, unit: string, remote: boolean): ReadinessSeen {
  const read = schema.safeParse(json(answer.body)).data;
  if (read === undefined) {
    const judged = judgeAnswer(answer, '/readyz');
    const says = `${unit} answered /readyz with status ${answer.status} and something else than it should`;
    const found: Found[] = judged.length > 0 ? judged : [{ code: 'service_fault', says }];
    return { details: undefined, upstream: undefined, found, says };
  }
  const { details, problems = [], status } = read;
  const found: Found[] = details === undefined ? [] : judgeDetails(details, unit, answer, remote);
  // `https://host:port: reason: words`, as the probe of the next hop says it.
  const upstream = problems
    .map((line) => /^https?:\/\/\S+: ([a-z_]+): /.exec(line)?.[1])
    .find((one) => one !== undefined);
  // The next hop says itself what it lacks, and the disks are told above.
  const others = problems.filter(
    (line) => !/^https?:\/\/\S+: /.test(line) && !/\bdisk of \/|no folder, or it/.test(line),
  );
  if (others.length > 0 && found.every(({ code }) => code !== 'hugo_missing')) {
    found.push({ code: 'service_not_ready', says: `${unit}: ${others.join(' ')}` });
  }
  if (read.problems === undefined && status === 'not_ready') {
    found.push({ code: 'service_not_ready', says: `${unit} does not tell this caller why` });
  }
  return { details, upstream, found, says: status === 'ready' ? 'ready' : `not ready: ${problems.join(' ')}` };
}

function judgeDetails(details: ReadyDetails, unit: string, { at }: Exchange, remote: boolean): Found[] {
  const { disks, time, hugo, last_build: build, last_published: told } = details;
  const found = remote ? judgeDisks(disks, unit) : [];
  if (remote && judgeClock(new Date(time).toUTCString(), at, unit).length > 0) {
    found.push({
      code: 'hop_clocks_differ',
      says: `the clock of ${unit} says ${time}, this one ${new Date(at).toISOString()}`,
    });
  }
  if (hugo === null) found.push({ code: 'hugo_missing', says: `${unit} cannot run hugo` });
  if (build?.state === 'failed') found.push({ code: 'build_failed', says: `build ${build.id}: ${build.error ?? ''}` });
  for (const { plugin, ok, detail } of told?.published ?? []) {
    if (ok === false) found.push({ code: 'publish_failed', says: `${plugin}: ${detail}` });
  }
  return found;
}
