/** A behaviour that the project owes its owner; at least one test that runs carries its id in the title, as `[R-…]`. */
export interface Requirement {
  id: `R-${string}`;
  /** The document and the part of it that asks for this. */
  source: string;
  text: string;
}

const from = (source: string, list: Record<`R-${string}`, string>): Requirement[] =>
  Object.entries(list).map(([id, text]) => ({ id: id as Requirement['id'], source, text }));

/** Every required behaviour that crosses packages. */
export const REQUIREMENTS: readonly Requirement[] = [
  ...from('The main job', {
    'R-JOB-SDK1':
      'The SDK 1.x client discovers, registers, gets consent and a token, and its page goes live and is gone after delete.',
    'R-JOB-SDK2': 'The SDK 2.x client does the same in the 2026-07-28 revision.',
    'R-JOB-BROWSER': 'The login and consent pages work in a real Chromium and end at the loopback redirect.',
    'R-JOB-DENY': 'An owner who denies gives the client access_denied and nothing else.',
    'R-JOB-SCOPE':
      'A scope that the owner unticks is not granted: the call answers 403 insufficient_scope with its challenge.',
    'R-JOB-REFRESH': 'A refresh token gives a new access token and a new refresh token.',
    'R-JOB-REVOKE': 'A revoked refresh token is refused as invalid_grant.',
  }),
  ...from('Contracts between the hops', {
    'R-PIN-RESOURCE': 'RFC 9728 metadata in path and root form, as a literal.',
    'R-PIN-AS': 'RFC 8414 and openid-configuration metadata: the parts that clients depend on, as literals.',
    'R-PIN-401': 'The 401 challenge of /mcp, header and body, as literals.',
    'R-PIN-ERROR': 'An error body names the hop, the reason and the request id, as a literal.',
    'R-TRACE-ID': 'One X-Request-Id through all hops and in all three audit logs.',
    'R-TRACE-TIMING': 'Server-Timing has one entry per hop on an authenticated response.',
    'R-TRACE-SECRETS': 'No token, secret, code, passphrase or page body in any log.',
    'R-TRACE-CHAIN': 'Every audit log is a whole hash chain.',
    'R-CANCEL':
      'A call that the client gives up is given up by every hop, in both protocol eras, before and in its answer.',
    'R-STOP': 'On SIGTERM to any service the call in flight ends well and the process exits 0.',
    'R-HEALTH': 'All hops serve /healthz, /readyz and /metrics.',
  }),
  ...from('Tokens of clients', {
    'R-STEP-UP':
      'A call outside the scopes makes real clients ask for what they had and what is needed; consent adds it.',
    'R-KEYS-ROTATE': 'arleo keys rotate publishes a new key beside the old one with no restart; tokens stay good.',
    'R-KEYS-NOW': 'arleo keys rotate --now refuses every access token at once; a refresh gives a good one.',
  }),
  ...from('Clients', {
    'R-CLIENT-REDIRECTS':
      'What Claude, Claude Code, ChatGPT, VS Code and Cursor register as redirect URIs is taken as a whole.',
    'R-STAY-CONNECTED': 'A client gets no refresh token where the owner unticked that it stays connected.',
    'R-REGISTER-ONE-PATH':
      'Registration applies its rules however its path is spelt, and makes the server ask no other host.',
    'R-INTROSPECT-LOCAL': 'Introspection is for tools on the host alone, however its path is spelt.',
    'R-CLIENT-DOCUMENT':
      'Clients that are known by a document (CIMD) get tokens without registering; the metadata invites them.',
    'R-CLIENT-PINNED': 'Claude gets in although its document is HTML, a redirect or gone.',
    'R-CLIENT-UNKNOWN':
      'An unknown client is told so on a page for people, and 401 invalid_client at the token endpoint.',
    'R-CLIENT-OPEN-REDIRECT': 'A broken authorization request leads nobody to an address that nobody vouches for.',
    'R-CLIENT-PREREGISTERED': 'The client that the owner set up gets tokens, its secret in the header or in the body.',
  }),
  ...from('Tokens between the hops', {
    'R-TOKEN-REVOKED':
      'A revoked hop token is refused at once, with no restart; the answer is 502 upstream_auth and names the hop.',
    'R-TOKEN-EXPIRED': 'An expired hop token is refused.',
    'R-TOKEN-UNKNOWN': 'An unknown hop token is refused.',
    'R-TOKEN-TRUNCATED': 'A truncated hop token is refused.',
    'R-TOKEN-ROTATED': 'token-mgr rotate with a grace lets old and new token in, and no call is lost.',
  }),
  ...from('Owner, consent, sessions', {
    'R-OWNER-PASSPHRASE': 'A passphrase that arleo sets counts at once, the old one and logins by it no more.',
    'R-OWNER-CODE':
      'Once arleo turned codes on, a login takes one: no wrong one, and none twice; a recovery code works once.',
    'R-OWNER-CONSENT':
      'The consent page says who asks, where the code goes, what for and for how long, each time anew.',
    'R-OWNER-PAGES':
      'Every page is accessible in light and dark, in English and French, on a phone and by keyboard alone (axe-core, Chromium).',
  }),
  ...from('Layouts and themes by Git push', {
    'R-HOOK-LIVE': 'A signed push to the branch puts its layouts live; one request id leads through both hops.',
    'R-HOOK-BROKEN': 'A push that breaks the build is not put live, and is rolled back in the work tree.',
    'R-HOOK-CONTENT': 'A push that tracks content is refused with a clear error, and no page is touched.',
    'R-HOOK-BURST': 'A burst of pushes gives two rebuilds, and none is lost.',
    'R-HOOK-ONCE': 'A replayed delivery is answered and not acted on.',
    'R-HOOK-ROTATE': 'During a rotation both secrets are valid, with no restart; after it the old one is not.',
    'R-HOOK-FORGED': 'A delivery with a wrong signature is refused, recorded, and reaches no other hop.',
    'R-HOOK-DOWN':
      'A push while hugo-mcp-server is down is acted on once it is up, also over a restart of hugo-mcp-proxy.',
    'R-HOOK-KILL':
      'Killed at any point of a pull, hugo-mcp-server has the site whole afterwards, and the push is acted on.',
    'R-HOOK-NGINX': 'The webhook works behind nginx, with the address that nginx saw.',
    'R-HOOK-TOKEN': 'The token that hugo-mcp-proxy has for it is of no use on /mcp, with any actor.',
  }),
  ...from('More than one machine', {
    'R-REPLICA-FLOW': 'Any replica serves any step: two behind nginx, with one Redis, whose steps alternate.',
    'R-REPLICA-KILL': 'One replica is killed -9 in the middle, and the flow completes.',
    'R-REPLICA-REDIS': 'Redis gone is a clear 503 with Retry-After everywhere; back, all is well without a restart.',
    'R-REPLICA-KEYS': 'A rotation of the signing keys acts at all replicas, and each takes the tokens of the others.',
    'R-REPLICA-REVOKE':
      'A connection that the owner revokes ends at all replicas within a second, and is recorded once.',
  }),
  ...from('Bad input', {
    'R-BAD-JSON': 'Malformed JSON.',
    'R-BAD-TYPE': 'Wrong content type.',
    'R-BAD-BATCH': 'Batch arrays.',
    'R-BAD-SIZE': 'A body over the limit: 413.',
    'R-BAD-TOOL': 'Unknown tool.',
    'R-BAD-ARGS': 'Arguments of the wrong type or too long.',
    'R-BAD-EXTRA': 'Extra arguments.',
    'R-BAD-ROUTE': 'Routes with .., NUL, absolute or encoded traversal.',
    'R-BAD-SYMLINK': 'Symlinks that lead out of the site.',
    'R-BAD-TITLE': 'Control and bidi characters in titles.',
    'R-BAD-AUDIENCE': 'A token for another audience.',
    'R-BAD-ALG': 'alg confusion.',
    'R-BAD-REDIRECT': 'A redirect URI that is not registered.',
    'R-BAD-CODE': 'A code used twice.',
    'R-BAD-VERIFIER': 'A wrong verifier.',
    'R-BAD-CSRF': 'A cross-site consent POST.',
    'R-BAD-ORIGIN': 'A foreign Origin.',
    'R-BAD-HOST': 'A foreign Host.',
    'R-BAD-DOWN': 'Upstream down.',
    'R-BAD-SILENT': 'Upstream silent.',
    'R-CERT-RENEW':
      'The certificate between the hosts changes under load: no call fails, nothing is restarted or copied.',
    'R-CERT-KILL': 'Killed at any step of such a change, both sides go on where they were, and the way stays whole.',
    'R-CERT-DROPPED': 'A certificate that was dropped does not come back, not even with its key or after a restart.',
    'R-CERT-BY-HAND': 'A certificate that the owner copies by hand counts for more than all that was renewed.',
    'R-BAD-PIN': 'Upstream with another certificate: pin_mismatch, and not one byte was sent.',
    'R-BAD-NOHUGO': 'Hugo missing.',
    'R-BAD-HUGO': 'Hugo failing on the new page: the live site stays as it was, the answer carries its message.',
  }),
  ...from('Proof', {
    'R-CONF-SERVER':
      "The public suite's server scenarios of both revisions hold through all hops, but those listed with a reason.",
    'R-CONF-AUTH': "The public suite's authorization scenarios of both revisions hold.",
    'R-CLIENT-REMOTE': 'mcp-remote, as published, goes the whole way, and its page goes live.',
    'R-CLIENT-INSPECTOR': "The MCP Inspector's CLI, as published, does, in both eras of the protocol.",
    'R-CLIENT-OPENID': 'openid-client, strict, does, over https behind nginx.',
    'R-CLIENT-OAUTH4WEBAPI': 'oauth4webapi, strict, does, over https behind nginx.',
  }),
  ...from('arleo doctor', {
    'R-DOCTOR-WELL': 'Where all is well doctor says so, with the time of each hop, and tells no secret.',
    'R-DOCTOR-TABLE': 'People get a table and for each finding the layer, the reason and what mends it.',
    'R-DOCTOR-EDGE':
      "A refusal of Cloudflare's, for some callers or for all, is told apart from all that is behind it.",
    'R-DOCTOR-WAF': 'A 403 of the firewall is named as one, with the request id.',
    'R-DOCTOR-401': 'A refused access token: expired, for another address, or not known.',
    'R-DOCTOR-SECRETS': 'Secrets that were made anew on one side are named.',
    'R-DOCTOR-CLOCK': 'Clocks that differ, of this machine and between the hosts.',
    'R-DOCTOR-CERT': 'A public or pinned certificate that is wrong, has ended or ends soon.',
    'R-DOCTOR-DENY': 'On a host, silence of a unit by IPAddressDeny= is told apart from silence of the other machine.',
    'R-DOCTOR-DISK': 'A disk that hangs and one that is full are named, on the host and from the one before it.',
    'R-DOCTOR-HOST': 'On a host doctor looks at what is installed there, and says what it may not read.',
    'R-DOCTOR-SILENT': 'A hop that is silent is told apart from one that refuses.',
  }),
  ...from('Hosts', {
    'R-HOST-DENY': 'IPAddressDeny= is in effect on the hosts that the tests boot.',
    'R-RELEASE-BYTES': 'The same checkout gives the same release, and SHA256SUMS finds a changed file.',
    'R-RELEASE-NODE': 'Every service and tool of a release runs with nothing but Node.',
    'R-INSTALL-SEED': "The post-mortem's test of the installer passes as it stands, on a fresh host.",
    'R-INSTALL-DRY-RUN': 'A dry run of the installer says each change and makes none.',
    'R-INSTALL-IDEMPOTENT': 'The installer run again and again gives the same host, to the byte.',
    'R-INSTALL-TWO': 'New tokens of one host are carried to the other in a file, and the chain works again.',
    'R-INSTALL-INTERRUPTED': 'Killed at any step and run again, the installer ends with a whole installation.',
    'R-INSTALL-ROLLBACK': 'A release that does not work is put back, and that has an exit code of its own.',
    'R-INSTALL-UPGRADE': 'Another release changes its code, units and nginx, and nothing else.',
    'R-INSTALL-OWNERS': 'What the owner changed in the configuration of nginx stays.',
    'R-INSTALL-UNINSTALL': 'Off again but for secrets and data; with --purge those too, and never the site.',
    'R-INSTALL-SITE': 'The site may be in another folder, and come back.',
    'R-INSTALL-SECRETS': 'Secrets that exist are preserved; a partial file is completed, a damaged one refused.',
    'R-UNIT-WORKS': 'A page goes live through all hops while each is in its sandbox.',
    'R-UNIT-EXPOSURE': 'systemd-analyze security finds at most 2.0 for every unit, with and without its drop-ins.',
    'R-UNIT-NETWORK': 'A unit reaches what it needs, and of every other address it gets only silence.',
    'R-UNIT-FILES': 'A unit writes to its own folders alone and cannot read the secrets of others.',
    'R-CERT-TIMER': 'On two hosts the timer renews a certificate that is due, in its sandbox; the way stays whole.',
    'R-UNIT-PULL': 'A push is pulled and goes live while hugo-mcp is in its sandbox.',
    'R-UNIT-STOP': 'A service that is stopped or restarted finishes the write in flight first, its build too.',
    'R-UNIT-SANDBOX': 'What the owner has run after a build writes, reads and reaches no more than the service.',
    'R-UNIT-WATCHDOG': 'A service that hangs is started again.',
  }),
  ...from('Fuzz', {
    'R-FUZZ-REQUESTS':
      'Tens of thousands of hostile requests to every endpoint: no 5xx, no hang, no secret in an answer.',
    'R-FUZZ-HEADS': 'Bytes that are hardly HTTP, and tokens that are nearly right: refused, and every connection ends.',
    'R-FUZZ-MEMORY': 'The memory of oauth-proxy stays bounded meanwhile.',
    'R-FUZZ-LOGS': 'No secret, made up or real, is in any log afterwards.',
  }),
  ...from('OAuth attacks', {
    'R-ATTACK-INJECTION': 'A stolen code injected into another session.',
    'R-ATTACK-MIXUP': 'Mix-up of authorization servers: iss in every authorization response.',
    'R-ATTACK-REDIRECT': 'Variations of a registered redirect URI.',
    'R-ATTACK-PKCE': 'PKCE downgrade.',
    'R-ATTACK-REPLAY': 'Replay of a refresh token, within the grace and after it.',
    'R-ATTACK-CSRF': 'Cross-site request forgery on the pages of login and consent.',
    'R-ATTACK-REMEMBERED': 'Consent remembered for another client.',
    'R-ATTACK-OPEN-REDIRECT': 'Open redirect.',
    'R-ATTACK-SSRF': 'A client id that makes the server open an address inside.',
    'R-ATTACK-ALG': 'alg none, and HS256 over the public key.',
    'R-ATTACK-AUDIENCE': 'Audience confusion.',
    'R-ATTACK-QUERY': 'A token anywhere but in the Authorization header.',
    'R-ATTACK-SMUGGLING': 'Heads that two hops could read differently.',
  }),
  ...from('nginx and its firewall', {
    'R-WAF-TEXTS':
      'None of 1,000 real technical texts is blocked as content, title, tags, front matter, edits or upload, in both protocol eras.',
    'R-WAF-ATTACKS': 'Attacks anywhere else stay blocked as they are without the exceptions for content.',
    'R-WAF-EVASIONS':
      'What the firewall would not see, not read, or take by far too long over does not pass: too many or too long arguments, other content types, line feeds.',
    'R-WAF-OAUTH': 'Registrations and authorizations of known clients pass, loopback redirects and document ids too.',
    'R-WAF-PASSPHRASE': 'Any passphrase passes, and none is in a log of nginx or its firewall.',
    'R-WAF-HOOK': "GitHub's pushes pass, whatever stands in commit messages and file names.",
    'R-WAF-JOB': 'The whole OAuth flow and real writes of a real client pass nginx, its firewall and all hops.',
    'R-WAF-MALFORMED': 'What nginx cannot read as a request is answered in JSON that names nginx and the request id.',
    'R-WAF-STREAM': 'Events pass nginx and its firewall one by one, as they come.',
    'R-WAF-RELOAD': 'A reload of nginx fails no call and ends no stream.',
    'R-WAF-ANSWER': 'When the firewall says no, the answer is JSON that names it and the request id.',
  }),
  ...from('Backup and restore (C10)', {
    'R-BACKUP-ENCRYPTED':
      "An archive is private, can be decrypted by the owner's key alone, and is checked without it; nothing stays in clear.",
    'R-BACKUP-CONSISTENT': 'A backup while pages are written holds each change whole, or not at all.',
    'R-BACKUP-LOUD': 'A backup that cannot be made says so in its exit status, the audit log and its status file.',
    'R-BACKUP-KEEP': 'Archives go after their days; neither a wrong clock nor weeks of failures remove the good ones.',
    'R-BACKUP-RESTORE': 'Files come back with names, bytes, modes, owners by name and links, whatever they are called.',
    'R-RESTORE-CONNECTED':
      'From the archive alone a fresh host goes on: a connected client needs no new consent, pages and history are there.',
    'R-BACKUP-CHECKED':
      'An archive that was changed or leads elsewhere is refused before anything of the host is touched.',
  }),
  ...from('audit logs', {
    'R-AUDIT-ROTATE': 'An audit log goes on in a new file without a line lost, and its chain with it.',
    'R-AUDIT-REQUEST': 'One request id shows the way of a request through all hops.',
    'R-AUDIT-FOLLOW': 'Following an audit log shows every event once, through rotations and restarts.',
  }),
];
