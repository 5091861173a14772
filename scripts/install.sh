#!/usr/bin/env bash
# Installs Arleo on a Debian host, brings it to another release, and takes it off again. Run once, twice, five times: the
# same state. See usage, below; infra/README.md says what goes where.
#
# Environment:
#   ARLEO_ROLE, ARLEO_DOMAIN, …   answers, as the options of the same names (ARLEO_VM_ADDRESS for --vm-address)
#   NO_COLOR                      no colours, even on a terminal
set -euo pipefail
umask 077
# Ranges such as [a-z] mean ASCII in no other locale for sure; and `su` keeps a PATH that may lack the folders of root's programs.
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin

HERE="$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
# The release that is installed: what this script lies in.
SOURCE="$(dirname "$HERE")"

# shellcheck source=scripts/install/say.sh
. "$HERE/install/say.sh"
# shellcheck source=scripts/install/roles.sh
. "$HERE/install/roles.sh"
# shellcheck source=scripts/install/files.sh
. "$HERE/install/files.sh"
# shellcheck source=scripts/install/env-file.sh
. "$HERE/install/env-file.sh"
# shellcheck source=scripts/install/answers.sh
. "$HERE/install/answers.sh"
# shellcheck source=scripts/install/preconditions.sh
. "$HERE/install/preconditions.sh"
# shellcheck source=scripts/install/apt.sh
. "$HERE/install/apt.sh"
# shellcheck source=scripts/install/packages.sh
. "$HERE/install/packages.sh"
# shellcheck source=scripts/install/release.sh
. "$HERE/install/release.sh"
# shellcheck source=scripts/install/settings.sh
. "$HERE/install/settings.sh"
# shellcheck source=scripts/install/keys.sh
. "$HERE/install/keys.sh"
# shellcheck source=scripts/install/join.sh
. "$HERE/install/join.sh"
# shellcheck source=scripts/install/site.sh
. "$HERE/install/site.sh"
# shellcheck source=scripts/install/nginx.sh
. "$HERE/install/nginx.sh"
# shellcheck source=scripts/install/units.sh
. "$HERE/install/units.sh"
# shellcheck source=scripts/install/put-back.sh
. "$HERE/install/put-back.sh"
# shellcheck source=scripts/install/uninstall.sh
. "$HERE/install/uninstall.sh"

usage() {
  cat <<'USAGE'
Installs Arleo on this host, or brings it to the release that this script lies in.

Usage: install.sh [OPTIONS]

  --role ROLE              nuc (nginx, oauth-proxy, hugo-mcp-proxy), vm (hugo-mcp-server and the site), or all on one host
  --domain NAME            the host name that Claude reaches (default: the name of this host)
  --site DIR               the Hugo site (default: /srv/site; a small one is made if there is none)
  --vm-address ADDRESS     the address of the site's host on the network between the two
  --nuc-address ADDRESS    the address of the other, on the same network
  --join FILE              what the other host has written for this one
  --tls-certificate FILE   the certificate for --domain, PEM, with its chain (default: a self-signed one)
  --tls-key FILE           its private key
  --answers FILE           the same answers as lines NAME=VALUE: ROLE, DOMAIN, SITE, VM_ADDRESS, NUC_ADDRESS, JOIN,
                           TLS_CERTIFICATE, TLS_KEY
  --yes                    asks nothing: what is not answered has its default
  --dry-run                says what would be done, and changes nothing
  --force-rotate-tokens    makes all tokens and secrets anew; without it those that exist are preserved
  --uninstall              takes everything off but secrets and data
  --purge                  takes those off, too; never the site
  --help                   this text

What was answered once is remembered (/etc/arleo/install.conf). Without a terminal nothing is asked.

Ends with
  0   all is well (or, in a dry run, would be tried)
  1   a step failed; run it again when what it says is mended
  2   the command line or an answer cannot be understood
  3   this host, or what is on it, does not allow it
  4   a file with settings or secrets is damaged; nothing was changed
  5   this release is not whole; nothing was changed
  6   what was installed did not work, and what was there before was put back and works
  7   what was installed does not work, and there is nothing that could be put back
  75  another install.sh is at work
USAGE
}

ACTION=install
DRY_RUN=''
YES=''
ROTATE=''

read_command_line() {
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --help) usage && exit 0 ;;
      --yes) YES=yes ;;
      --dry-run) DRY_RUN=yes ;;
      --force-rotate-tokens) ROTATE=yes ;;
      --uninstall) [[ $ACTION == purge ]] || ACTION=uninstall ;;
      --purge) ACTION=purge ;;
      --answers | --role | --domain | --site | --vm-address | --nuc-address | --join | --tls-certificate | --tls-key)
        [[ $# -gt 1 && -n $2 ]] || fatal $USAGE "$1 has no value" 'See install.sh --help.'
        take_option "$1" "$2"
        shift
        ;;
      *) fatal $USAGE "unknown argument: $1" 'See install.sh --help.' ;;
    esac
    shift
  done
}

# What is there is looked at before anything is changed.
check() {
  check_host
  check_release
  find_answers
  check_settings
  check_keys
  check_join
  check_site
  check_certificate
  check_ports
}

install_all() {
  install_packages
  check_certificate
  install_release
  make_users
  make_site
  make_keys
  write_settings
  take_join
  write_tokens
  set_rights
  remember_answers
  write_join
  begin_changes
  write_units
  write_nginx
  switch_release
  start_services
  prove
  keep_changes
  say_next
}

main() {
  read_command_line "$@"
  case "$ACTION" in
    install)
      check
      take_lock
      install_all
      ;;
    *)
      check_host
      find_answers
      take_lock
      uninstall
      ;;
  esac
}

main "$@"
exit
