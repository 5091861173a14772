# shellcheck shell=bash
# What each role installs: the one place that knows. Sourced by install.sh and restore.sh.
#
#   package   of Debian
#   service   infra/systemd/NAME.service, with sysusers.d/, tmpfiles.d/ and a folder of code of the same name
#   timer     infra/systemd/NAME.timer and NAME.service, with tmpfiles.d/ of the same name if there is one
#   command   a program of arleo/ in the release, to be found on PATH

readonly ROLE_TABLE='
each package ca-certificates gpg gpg-agent nodejs openssl
nuc  package libnginx-mod-http-modsecurity modsecurity-crs nginx
vm   package git hugo
vm   service hugo-mcp
nuc  service hugo-mcp-proxy mcp-oauth-proxy
vm   timer arleo-cert-renew
each timer arleo-backup
each command arleo token-mgr
'

# items KIND: what this host gets of a kind, one a line, in the order in which it is started.
items() {
  local role kind names name
  while read -r role kind names; do
    [[ $kind == "$1" ]] && { [[ $role == each ]] || is_role "$role"; } || continue
    for name in $names; do
      printf '%s\n' "$name"
    done
  done <<<"$ROLE_TABLE"
}

# is_role ROLE: is this host one, alone or together with the other?
is_role() { [[ ${ANSWER[ROLE]} == "$1" || ${ANSWER[ROLE]} == all ]]; }
