import type * as z from 'zod';
import type { PublishPlugin } from './plugin.ts';
import { cloudflare } from './plugins/cloudflare.ts';
import { indexNow } from './plugins/index-now.ts';
import { webhook } from './plugins/webhook.ts';

/** Every plug-in. Another one is a file beside these and a line here. */
const definitions = [cloudflare, indexNow, webhook] as const;

type Definition = (typeof definitions)[number];
type Both<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;
type Settings = Both<Definition['settings']>;

/** The variables of all plug-ins, for the service's one schema. */
export const pluginSettings = Object.assign({}, ...definitions.map(({ settings }) => settings)) as Settings;

/** The groups of variables of which all are given, or none. */
export const givenTogether: readonly (readonly string[])[] = definitions.map(({ together }) => together);

/** The plug-ins that are configured. */
export function createPlugins(values: z.output<z.ZodObject<Settings>>): PublishPlugin[] {
  return definitions.flatMap((definition) => definition.create(values) ?? []);
}
