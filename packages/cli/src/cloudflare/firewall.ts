import { isDeepStrictEqual } from 'node:util';
import { ArleoError } from '@arleo/core/errors';
import * as z from 'zod';
import type { CloudflareAnswer, CloudflareZone } from './api.ts';
import type { SkipRule } from './skip-rules.ts';

const PHASE = 'http_request_firewall_custom';

const rulesetSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  rules: z.array(z.looseObject({ id: z.string().regex(/^[0-9a-f]{32}$/), ref: z.string().optional() })).optional(),
});

type Ruleset = z.infer<typeof rulesetSchema>;

/** What becomes of one rule. */
export interface RuleChange {
  rule: SkipRule;
  /** `moved`: another rule, which could block first, stood before it. */
  state: 'same' | 'created' | 'changed' | 'moved';
}

/** The zone's firewall as it is, and what is to be done about it. */
export interface FirewallPlan {
  changes: RuleChange[];
  /** Does it. @throws {@link ArleoError} `cloudflare_refused` */
  apply(): Promise<void>;
}

/**
 * Reads the custom rules of a zone, and finds out what our rules need: to be there, as they should be, before all others.
 * Other rules are not touched.
 *
 * @throws {@link ArleoError} `cloudflare_refused`, `cloudflare_unreachable`
 * @see [Rulesets API](https://developers.cloudflare.com/ruleset-engine/rulesets-api/)
 */
export async function planFirewall(zone: CloudflareZone, rules: readonly SkipRule[]): Promise<FirewallPlan> {
  const answer = await zone.call('GET', `rulesets/phases/${PHASE}/entrypoint`);
  // A zone without custom rules has no such ruleset yet.
  if (answer.status === 404) {
    return {
      changes: rules.map((rule) => ({ rule, state: 'created' })),
      apply: async () => {
        const body = { name: 'Custom rules', kind: 'zone', phase: PHASE, rules };
        expectDone(await zone.call('POST', 'rulesets', body), 'create the custom rules');
      },
    };
  }
  const { id, rules: present = [] } = rulesetOf(answer);
  const changes = rules.map((rule, index): RuleChange & { present: string | undefined } => {
    const found = present.find(({ ref }) => ref === rule.ref);
    const state =
      found === undefined
        ? 'created'
        : !isSame(found, rule)
          ? 'changed'
          : present.indexOf(found) === index
            ? 'same'
            : 'moved';
    return { rule, state, present: found?.id };
  });
  return {
    changes: changes.map(({ rule, state }) => ({ rule, state })),
    apply: async () => {
      // In their order, so that each has its place when the next one comes behind it.
      for (const [index, { rule, state, present: ruleId }] of changes.entries()) {
        if (state === 'same') continue;
        const body = { ...rule, position: { index: index + 1 } };
        const path = `rulesets/${id}/rules`;
        const done =
          ruleId === undefined ? zone.call('POST', path, body) : zone.call('PATCH', `${path}/${ruleId}`, body);
        expectDone(await done, `set the rule ${rule.ref}`);
      }
    },
  };
}

function rulesetOf(answer: CloudflareAnswer): Ruleset {
  expectDone(answer, 'show its custom rules');
  const parsed = rulesetSchema.safeParse(answer.result);
  if (parsed.success) return parsed.data;
  throw refused('show its custom rules', 'an answer of another kind');
}

/** True if what we set is set so; what Cloudflare adds (id, version, times) does not count. */
function isSame(present: Record<string, unknown>, rule: SkipRule): boolean {
  return Object.entries(rule).every(([name, value]) => isDeepStrictEqual(sorted(present[name]), sorted(value)));
}

/** Lists that are sets, in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return [...value].sort();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, sorted(inner)]));
}

/** @throws {@link ArleoError} `cloudflare_refused` */
export function expectDone({ result, problem }: CloudflareAnswer, what: string): void {
  if (result === undefined) throw refused(what, problem);
}

function refused(what: string, problem: string): ArleoError {
  return new ArleoError('cloudflare_refused', `Cloudflare did not ${what}: ${problem}.`, {
    hint: 'The token needs the permission Zone / Zone WAF / Edit for this zone (Zone / Bot Management / Edit to turn Bot Fight Mode off).',
  });
}
