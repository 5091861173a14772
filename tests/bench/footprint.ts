import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hop } from '@arleo/core/errors';
import type { TestStack } from '../e2e/start.ts';
import type { Row } from './report.ts';

const hops: readonly Hop[] = ['oauth-proxy', 'hugo-mcp-proxy', 'hugo-mcp-server'];
const starts = 5;

/** How long each service takes from its start to its ready line, and what memory it holds when nobody calls. */
export async function measureFootprint(stack: TestStack): Promise<Row[]> {
  const rows: Row[] = [];
  for (const hop of hops) {
    const times: number[] = [];
    for (let count = 0; count < starts; count += 1) {
      await stack.service(hop).stop();
      const began = performance.now();
      await stack.restart(hop);
      times.push(performance.now() - began);
    }
    times.sort((a, b) => a - b);
    rows.push({
      area: 'footprint',
      name: `${hop}: start to ready`,
      value: times[Math.floor(starts / 2)] ?? Number.NaN,
      unit: 'ms',
      target: { at: 'most', value: 500 },
    });
  }
  await sleep(5_000);
  for (const hop of hops) {
    rows.push({
      area: 'footprint',
      name: `${hop}: idle RSS`,
      value: await residentMegabytes(stack.service(hop).pid),
      unit: 'MB',
      target: { at: 'most', value: 90 },
    });
  }
  return rows;
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
