import * as z from 'zod';
import type { CloudflareZone } from './api.ts';
import { expectDone } from './firewall.ts';

/** `unknown`: the token may not look. */
export type BotFightMode = 'on' | 'off' | 'unknown';

/**
 * Bot Fight Mode of the free plan: it works on the whole zone, before every rule, and no rule can leave it out. Super Bot Fight
 * Mode of the other plans can be left out.
 *
 * @see [Bot Fight Mode](https://developers.cloudflare.com/bots/get-started/bot-fight-mode/)
 */
export async function readBotFightMode(zone: CloudflareZone): Promise<BotFightMode> {
  const { result } = await zone.call('GET', 'bot_management');
  const parsed = z.object({ fight_mode: z.boolean().optional() }).safeParse(result);
  if (!parsed.success) return 'unknown';
  return parsed.data.fight_mode === true ? 'on' : 'off';
}

/** @throws {@link ArleoError} `cloudflare_refused` */
export async function turnBotFightModeOff(zone: CloudflareZone): Promise<void> {
  expectDone(await zone.call('PUT', 'bot_management', { fight_mode: false }), 'turn Bot Fight Mode off');
}
