import { PULL_SCOPE, SCOPES } from '@arleo/core/scopes';

/** The commands of token-mgr, in the order of the help. */
export const COMMANDS = ['create', 'list', 'revoke', 'rotate', 'adopt', 'mfa'] as const;

/** A command of token-mgr. */
export type Command = (typeof COMMANDS)[number];

const common = `
Options of every command:
  --file PATH   the token file; default $TOKENS_FILE, else /var/lib/hugo-mcp/tokens.json
  --json        one line of JSON instead of text, errors too
  --help        this text, or the one of a command: token-mgr COMMAND --help
  --version     the version
`;

const overview = `token-mgr: the tokens between the hops of Arleo

Usage: token-mgr COMMAND [OPTIONS]

  create --label LABEL   make a token and show it, this once
  list                   show all tokens
  revoke ID              end a token at once
  rotate ID              make a new token in the place of one
  adopt                  take in a token that another place made: what install.sh does
  mfa enable             ask for a code of an authenticator app for each of these changes
  mfa disable, status    no more; whether it is so

A running hugo-mcp-server sees every change at once; nothing is restarted. Run as root or as the user of the service.
${common}
Ends with 0 if all went well, 1 if it failed, 2 if the command line cannot be understood.
`;

const proof = `  --code CODE     the code of the app, where one is asked for (mfa enable); without it you are asked
  --stdin         take the code from standard input; recovery codes belong there, not into the shell's history
`;

const create = `token-mgr create: make a token and show it, this once

Usage: token-mgr create --label LABEL [--expires TIME] [--scope SCOPE]... [--name NAME] [--code CODE | --stdin]

  --label LABEL   what the token is for, 1 to 100 characters: "claude.ai production"
  --expires TIME  when it ends: 30s, 10m, 1h, 90d; default never
  --scope SCOPE   what it may do at most, once or several times; default everything:
                  ${SCOPES.join(', ')} (mcp = the first two);
                  ${PULL_SCOPE}: nothing but asking for a pull after a push; for hugo-mcp-proxy, never by default
  --name NAME     the middle word of its id, lower-case letters and digits
${proof.trimEnd()}

The id is tok_NAME_NNN. The number goes on over the whole file. The name is --name; without it "main" for the first
token of a file, and the first word of the label for all later ones: "test client" becomes tok_test_002.
The token is not stored, only a bcrypt hash of it: whoever loses it makes a new one.
${common}`;

const list = `token-mgr list: show all tokens

Usage: token-mgr list

Times are UTC. STATUS is active, expired, revoked, or legacy: a token of the Python system before this one, which is not
accepted and has to be rotated.
${common}`;

const revoke = `token-mgr revoke: end a token at once

Usage: token-mgr revoke ID [--code CODE | --stdin]

${proof}
A running hugo-mcp-server refuses it within 200 ms, or within 5 s if its file watch does not work. It stays in the list.
${common}`;

const rotate = `token-mgr rotate: make a new token in the place of one

Usage: token-mgr rotate ID [--grace TIME] [--code CODE | --stdin]

  --grace TIME    how long the old token still works: 30s, 10m, 1h, 90d; default not at all
${proof}
The new token has the label, the scopes and the length of life of the old one, and an id of its own.
${common}`;

const adopt = `token-mgr adopt: take in a token that another place made

Usage: token-mgr adopt --label LABEL --token-file PATH [--scope SCOPE]... [--code CODE | --stdin]
       token-mgr adopt --from PATH [--code CODE | --stdin]

  --label LABEL      what the token is for
  --token-file PATH  the token itself, in one line
  --scope SCOPE      as for create
  --from PATH        another token file: its active tokens, with their labels and scopes; it holds no secrets
${proof}
Of a label one token is active: another one of the same label is revoked. What is so already stays as it is, to the byte,
and needs no code. A token that was revoked here, or has expired, is refused.
${common}`;

const mfa = `token-mgr mfa: guard the tokens with an authenticator app

Usage: token-mgr mfa enable [--account NAME] [--stdin]
       token-mgr mfa disable [--code CODE | --stdin]
       token-mgr mfa status

enable shows a QR code, asks for a code of it before anything counts, and shows ten recovery codes, this once. From then on
create, rotate, revoke and adopt ask for a code; each counts once, a recovery code too. After 5 wrong ones none is looked at for 5
minutes. It guards this program: who can write the token file itself needs none.

  --account NAME  the name in the app; default the name of this machine
${proof}                  for enable: a secret (Base32), then a code of it, one a line
${common}`;

const texts: Readonly<Record<Command, string>> = { create, list, revoke, rotate, adopt, mfa };

/** The help of a command, or of the whole program. */
export function helpText(command: Command | undefined): string {
  return command === undefined ? overview : texts[command];
}
