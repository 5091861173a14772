import { fileURLToPath } from 'node:url';
import { PACKAGES } from './install.ts';
import { type StillHost, stillHost } from './still-host.ts';

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Names that a script would break on: line feeds, quotes, dashes, bytes that are no text, links that lead out. */
const HOSTILE = String.raw`
  printf a >$'new\nline.md'; printf b >'back\slash.md'; printf c >./-rf; printf d >$'end\r'; printf e >$'\xff\xfe.md'
  printf f >"q'uo\"te \$(touch \${IFS}pwned) ;x"; printf g >' lead'; printf h >$'trail\n'; mkdir -- $'d\nx' '--help'
  printf i >$'d\nx/y'; printf j >--help/page.md; chmod 0640 ./-rf; ln -s /etc/shadow link; ln -s ../../../.. up; ln -s nowhere dangling
  printf k >"$(printf '%0200d' 0).md"; mkdir -p "$(printf '%0100d/' 1 2 3)"; printf l >"$(printf '%0100d/' 1 2 3)deep.md"`;

/** What stands in for systemd: it writes down what it is asked, and all went well. */
const SYSTEMCTL = `#!/bin/sh
echo "$@" >>/root/systemctl.log
case $1 in show) exit 1 ;; is-active) grep -q "^restart $3\\$" /root/systemctl.log ;; esac`;

/**
 * A host with configuration, tokens, a site with hostile names and its history, and the scripts, set up for backups to the key
 * of an owner, whose GnuPG home is /root/owner. Content is changed by `as_site COMMAND...` and `commit MESSAGE`.
 */
export async function backedUpHost(): Promise<StillHost> {
  const host = await stillHost(PACKAGES);
  await host.put(here('../../packages/cli/dist'), '/usr/local/lib/arleo');
  for (const script of ['backup', 'backup.sh', 'install', 'restore.sh'])
    await host.put(here(`../../scripts/${script}`), '/usr/local/lib/arleo/');
  await host.put(here('../../infra/systemd'), '/root/systemd');
  await host.run(`cat >/usr/local/bin/systemctl <<'END'
${SYSTEMCTL}
END
    cat >/root/site.sh <<'END'
${SITE}
END
    chmod 0755 /usr/local/bin/systemctl && chmod -R go+rX /usr/local/lib/arleo
    mkdir -p /etc/sysusers.d && cp /root/systemd/sysusers.d/*.conf /etc/sysusers.d/ && systemd-sysusers 2>/dev/null
    for unit in mcp-oauth-proxy hugo-mcp-proxy hugo-mcp; do
      install -D -m 0644 /root/systemd/$unit.service /etc/systemd/system/$unit.service
      install -D /dev/null /usr/local/lib/$unit/main.js
      install -d -m 0750 -g $unit /etc/$unit
      install -d -m 0750 -o $unit -g $unit /var/lib/$unit
      echo "SECRET_OF=$unit" >/etc/$unit/.env && chmod 0600 /etc/$unit/.env
    done
    echo '{"tokens":[]}' >/var/lib/hugo-mcp/tokens.json && chown hugo-mcp: /var/lib/hugo-mcp/tokens.json
    install -d -o hugo-mcp -g hugo-mcp /var/lib/hugo-mcp/releases/1 && echo built >/var/lib/hugo-mcp/releases/1/index.html
    install -d -o hugo-mcp -g hugo-mcp -m 0750 /srv/site /srv/site/content
    (cd /srv/site/content; ${HOSTILE}
      umask 027; for page in one two three four; do echo "$page" >$page.md; done)
    chown -hR hugo-mcp: /srv/site
    . /root/site.sh && as_site git init -q --initial-branch=main && commit 'Content as it was found'
    install -d -m 0700 /root/owner /root/stranger /etc/arleo
    for who in owner stranger; do
      gpg --homedir /root/$who --batch -q --passphrase '' --quick-generate-key $who@example.org default default never 2>/dev/null
    done
    gpg --homedir /root/owner --armor --export >/etc/arleo/backup-key.asc
    echo "KEY=$(gpg --homedir /root/owner --with-colons --list-keys | awk -F: '$1 == "fpr" { print $10; exit }')" >/etc/arleo/backup.conf`);
  return host;
}

/** How content changes: as hugo-mcp does it, with a history of its own. */
const SITE = `umask 027; export GIT_DIR=/var/lib/hugo-mcp/history.git GIT_WORK_TREE=/srv/site HOME=/nonexistent
as_site() { setpriv --reuid=hugo-mcp --regid=hugo-mcp --clear-groups env -C /srv/site "$@"; }
commit() { as_site git add --all content && as_site git -c user.name=x -c user.email=x@example.org commit -qm "$1"; }`;
