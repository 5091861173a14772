import { open } from 'node:fs/promises';
import path from 'node:path';
import { ArleoError } from '@arleo/core/errors';
import { readStoredRanges, STORED_RANGES } from '../address-ranges/stored-ranges.ts';
import { type BotFightMode, readBotFightMode, turnBotFightModeOff } from '../cloudflare/bot-fight-mode.ts';
import { planFirewall, type RuleChange } from '../cloudflare/firewall.ts';
import { skipRules } from '../cloudflare/skip-rules.ts';
import { UsageError } from '../usage-error.ts';
import type { Command } from './command.ts';

const API = 'https://api.cloudflare.com/client/v4';

/** `arleo cloudflare allow` */
export const cloudflareAllow: Command = {
  name: 'cloudflare allow',
  summary: 'have Cloudflare let Claude and GitHub through to exactly what they call',
  help: `arleo cloudflare allow: have Cloudflare let Claude and GitHub through to exactly what they call

Usage: arleo cloudflare allow --host NAME --zone ID [--token-file FILE] [--dry-run]

  --host NAME         where Claude connects to: mcp.example.org
  --zone ID           the zone's id: 32 hex digits, on its overview page
  --token-file FILE   a file with an API token (mode 0600); default $CLOUDFLARE_API_TOKEN_FILE. Its permissions, for this zone
                      alone: Zone WAF / Edit, and Bot Management / Read
  --bot-fight-mode-off
                      turn Bot Fight Mode of the free plan off, for the whole zone (permission Bot Management / Edit)
  --dry-run           show the rules and what would change, and change nothing
  --etc DIR           where arleo/address-ranges.json may be; default /etc
  --json              one line of JSON instead of text, errors too

Two custom rules with the action "skip" are put before all others: Claude's addresses on the MCP endpoint and its OAuth endpoints,
GitHub's on /webhook/github. Other rules are not touched; run again it changes nothing. Bot Fight Mode cannot be left out by any rule: while
it is on, this ends with 1.
`,
  options: {
    host: { type: 'string' },
    zone: { type: 'string' },
    'token-file': { type: 'string' },
    'bot-fight-mode-off': { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    etc: { type: 'string' },
  },
  async run(values, env) {
    const { host, zone: zoneId, etc = '/etc' } = values;
    if (typeof host !== 'string' || !/^(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(host)) {
      throw new UsageError('--host is no name of a host.', 'Such as --host mcp.example.org, in lower case.');
    }
    if (typeof zoneId !== 'string' || !/^[0-9a-f]{32}$/.test(zoneId)) {
      throw new UsageError(
        '--zone is no id of a zone.',
        'It has 32 hex digits and stands on the overview page of the zone.',
      );
    }
    // Only this command needs a client for APIs.
    const { openZone } = await import('../cloudflare/api.ts');
    const zone = openZone(apiUrl(env), zoneId, await readToken(values['token-file'] ?? env.CLOUDFLARE_API_TOKEN_FILE));
    const rules = skipRules(host, await readStoredRanges(path.join(String(etc), STORED_RANGES)));
    const dry = values['dry-run'] === true;
    const off = values['bot-fight-mode-off'] === true;

    const plan = await planFirewall(zone, rules);
    let botFightMode = await readBotFightMode(zone);
    if (!dry) {
      if (plan.changes.some(({ state }) => state !== 'same')) await plan.apply();
      if (off && botFightMode !== 'off') {
        await turnBotFightModeOff(zone);
        botFightMode = 'off';
      }
    }
    return {
      text: plan.changes.map((change) => describeRule(change, dry)).join('') + describeMode(botFightMode, dry && off),
      value: {
        dry_run: dry,
        rules: plan.changes.map(({ rule, state }) => ({ state, ...rule })),
        bot_fight_mode: botFightMode,
      },
      exitCode: botFightMode === 'on' && !off ? 1 : 0,
    };
  },
};

function describeRule({ rule, state }: RuleChange, dry: boolean): string {
  const would = { created: 'create', changed: 'change', moved: 'move before all others', same: '' }[state];
  const said = state === 'same' ? 'is as it should be' : dry ? `would be: ${would}` : state;
  const { phases, products } = rule.action_parameters;
  return `${rule.description}: ${said}
  if    ${rule.expression}
  skip  all remaining custom rules, ${[...phases, ...products].join(', ')}
`;
}

function describeMode(mode: BotFightMode, wouldTurnOff: boolean): string {
  if (wouldTurnOff && mode !== 'off') return 'Bot Fight Mode would be turned off.\n';
  return {
    on: 'Bot Fight Mode is ON: it challenges Claude and GitHub whatever the rules say, and no rule can leave it out.\nTurn it off with --bot-fight-mode-off, or in the dashboard: Security, Settings, Bot traffic.\n',
    off: 'Bot Fight Mode is off.\n',
    unknown:
      'Whether Bot Fight Mode is on could not be read (permission Bot Management / Read): look in the dashboard, it has to be off.\n',
  }[mode];
}

function apiUrl({ CLOUDFLARE_API_URL: given }: NodeJS.ProcessEnv): string {
  if (!given) return API;
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && url.hostname === '127.0.0.1')) return given;
  throw new UsageError('CLOUDFLARE_API_URL is no https address.', `Leave it out: it is ${API}.`);
}

async function readToken(file: unknown): Promise<string> {
  if (typeof file !== 'string' || file === '') {
    throw new UsageError('--token-file is missing.', 'Put the API token into a file with mode 0600, and name that.');
  }
  const wrong = (what: string): ArleoError =>
    new ArleoError('cloudflare_token', `${file} ${what}.`, {
      hint: 'Make a file with mode 0600 with nothing but the API token in it.',
    });
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    throw wrong(`cannot be read (${error.code})`);
  });
  try {
    if (((await handle.stat()).mode & 0o077) !== 0) throw wrong('can be read by others');
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1000), 0, 1000, 0);
    const token = buffer.toString('utf8', 0, bytesRead).trim();
    if (!/^[\x21-\x7e]{20,200}$/.test(token)) throw wrong('holds no API token');
    return token;
  } finally {
    await handle.close();
  }
}
