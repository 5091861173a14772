#!/usr/bin/env bash
# Puts a backup of backup.sh back onto a fresh host; see --help.
#
# Nothing of the host is touched before the whole archive was decrypted, and every file in it is the one that was backed up.
#
# Environment:
#   NO_COLOR   no colours, even on a terminal
set -euo pipefail
umask 077
# `su` keeps a PATH that may lack the folders of root's programs.
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"

HERE="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd -P)"
# shellcheck source=scripts/backup/places.sh
. "$HERE/backup/places.sh"
# shellcheck source=scripts/backup/unpack.sh
. "$HERE/backup/unpack.sh"
# shellcheck source=scripts/install/roles.sh
. "$HERE/install/roles.sh"
# shellcheck source=scripts/install/apt.sh
. "$HERE/install/apt.sh"
# shellcheck source=scripts/backup/put-in-place.sh
. "$HERE/backup/put-in-place.sh"

ARCHIVE='' MODE=restore FORCE='' KEY_FILE='' PASSPHRASE_FILE='' GPG_HOME=''
RUN=''      # in memory: a private key that was given lies here
STAGE=''    # on the disk of /var/lib: where the archive is unpacked and checked
STREAM=''   # process that decrypts, to descriptor 3
MISSING=()  # packages of Debian that this host has not
TIMERS=()   # that were stopped, to be started again
CHANGING='' # from when units are stopped
declare -A ABOUT=() ANSWER=()
STAMP="$(date -u +%Y%m%dT%H%M%SZ)"

usage() {
  cat <<'USAGE'
Restores a host from an archive of backup.sh: configuration, secrets, state, content and its history, then starts the units.

Usage: restore.sh [--list | --dry-run] [--force] [--key FILE [--passphrase-file FILE] | --gnupghome DIR] ARCHIVE
       gpg --decrypt ARCHIVE | ssh root@HOST /root/arleo-VERSION/arleo/restore.sh -

  ARCHIVE                 a file; or - for what is decrypted already, on standard input: then your key stays where it is
  --key FILE              your private key, exported; it is used in memory, and nothing of it is left on the host
  --passphrase-file FILE  its passphrase
  --gnupghome DIR         a GnuPG home that has the key (default: your own)
  --list                  show what is in the archive
  --dry-run               show what would be done, and change nothing
  --force                 restore over an installation; what it had is kept beside, as *.before-restore-TIME
  --help                  this text

A fresh Debian and an unpacked release (of the version that made the backup, or a newer one) are enough: install.sh is run at the
end, with the answers and secrets of the archive, and proves that it works. Owners are found by name. Whoever has your public
key can make an archive: restore only what you have kept where nobody else writes.

Exit status: 0 restored and running · 1 failed · 2 the command line · 3 there is an installation and no --force.
USAGE
}

# fatal MESSAGE REMEDY [STATUS]
fatal() {
  say_error "$1" "$2"
  exit "${3:-1}"
}

finish() {
  local status=$?
  trap - EXIT INT TERM HUP
  [[ -z $STREAM ]] || kill "$STREAM" 2>/dev/null || true
  [[ ! -d $RUN/gnupg ]] || gpgconf --homedir "$RUN/gnupg" --kill all 2>/dev/null || true
  [[ -z $RUN ]] || rm -rf -- "$RUN"
  [[ -z $STAGE ]] || rm -rf -- "$STAGE"
  [[ -z $CHANGING || $status -eq 0 ]] ||
    say_error 'the restore was broken off half-way' "Mend that, then run it again with --force. What was here is beside, as *.before-restore-$STAMP."
  exit "$status"
}

usage_error() { fatal "$1" 'restore.sh --help shows how.' 2; }

parse() {
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --help) usage && exit 0 ;;
      --list) MODE=list ;;
      --dry-run) MODE=dry-run ;;
      --force) FORCE=yes ;;
      --key | --passphrase-file | --gnupghome)
        [[ $# -gt 1 && -n $2 ]] || usage_error "$1 has no value"
        case "$1" in
          --key) KEY_FILE="$2" ;;
          --passphrase-file) PASSPHRASE_FILE="$2" ;;
          *) GPG_HOME="$2" ;;
        esac
        shift
        ;;
      -?*) usage_error "unknown argument: $1" ;;
      *)
        [[ -z $ARCHIVE ]] || usage_error 'more than one archive is given'
        ARCHIVE="$1"
        ;;
    esac
    shift
  done
  [[ -n $ARCHIVE ]] || usage_error 'no archive is given'
  [[ -z $KEY_FILE || -z $GPG_HOME ]] || usage_error '--key and --gnupghome are two places'
  [[ -z $PASSPHRASE_FILE || -n $KEY_FILE ]] || usage_error '--passphrase-file is for --key'
}

check_host() {
  local missing needs=(tar:tar flock:util-linux sha256sum:coreutils setpriv:util-linux)
  [[ $EUID -eq 0 ]] || fatal 'only root can restore a host' 'Run it as root.'
  [[ $ARCHIVE == - ]] || needs+=(gpg:gpg)
  [[ -z $KEY_FILE ]] || needs+=(gpg-agent:gpg-agent)
  missing="$(missing_packages "${needs[@]}")"
  [[ -z $missing ]] || fatal "missing: $missing" "Run: apt-get install --no-install-recommends $missing"
}

main() {
  parse "$@"
  trap finish EXIT
  trap 'exit 143' TERM HUP
  trap 'exit 130' INT
  check_host
  [[ $MODE != restore ]] || alone
  [[ $ARCHIVE == - ]] || check_sum
  [[ -z $KEY_FILE ]] || import_key
  open_stream
  read_about
  if [[ $MODE == list ]]; then
    tar --list --verbose --ignore-zeros --quoting-style=escape --file=- <&3
    end_stream
    return
  fi
  refuse_living
  check_release
  if [[ $MODE == dry-run ]]; then
    would
    return
  fi
  install_missing
  make_users
  info 'decrypting and checking'
  unpack
  check_unpacked
  check_disks
  stop_units
  place_all
  settle_content
  start_units
  info "restored: ${ABOUT[HOST]} as it was ${ABOUT[CREATED]}"
}

main "$@"
