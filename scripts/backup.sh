#!/usr/bin/env bash
# Backs up what of this host cannot be made anew, encrypted to the owner's public key; see --help.
#
# Nothing is stopped, and nothing of it stands in clear on a disk: tar reads, gpg writes, and what has to be copied first lies
# in memory. The content may change while it is read. What is copied then is put right by the content's own history when it
# is restored: the archive names every file that a change touched meanwhile, and the commit and the journal of one moment
# after that, so that all changes before this moment are whole, and none is half there.
#
# Environment:
#   NO_COLOR            no colours, even on a terminal
#   RUNTIME_DIRECTORY   a folder in memory, as systemd gives it (default: one in /run)
set -euo pipefail
umask 077
export LC_ALL=C

HERE="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd -P)"
# shellcheck source=scripts/backup/places.sh
. "$HERE/backup/places.sh"
# shellcheck source=scripts/backup/settings.sh
. "$HERE/backup/settings.sh"
# shellcheck source=scripts/backup/look-around.sh
. "$HERE/backup/look-around.sh"
# shellcheck source=scripts/backup/content.sh
. "$HERE/backup/content.sh"
# shellcheck source=scripts/backup/archive.sh
. "$HERE/backup/archive.sh"

CONFIG=/etc/arleo/backup.conf
STATUS_FOLDER=/var/lib/arleo
ATTEMPTS=3
# What backup.conf sets.
KEY='' KEY_FILE=/etc/arleo/backup-key.asc FOLDER=/var/backups/arleo KEEP_DAYS=30

RUN=''         # in memory
PART=''        # the archive while it is written
RECIPIENTS=''  # ids of the keys that archives may be encrypted to
SITE=''
TLS=()         # where the public certificate is, as far as it is in none of the other places
ON_HOST=()     # units that are here
OAUTH_STATE=none
REASON='it was stopped'
HOST="$(uname -n | tr -c 'A-Za-z0-9.\n-' -)"

usage() {
  cat <<'USAGE'
Backs up this host: configuration, tokens, owner, OAuth state, content with its history, uploaded files, audit logs.

Usage: backup.sh [--config FILE]

  --config FILE   default /etc/arleo/backup.conf
  --help          this text

FILE has lines NAME=VALUE, read as they are, without quotes; it belongs to root, and nobody else may write to it:
  KEY=FINGERPRINT   the owner's OpenPGP key, all 40 digits: gpg --fingerprint. Required.
  KEY_FILE=PATH     its public part: gpg --armor --export FINGERPRINT (default /etc/arleo/backup-key.asc)
  FOLDER=PATH       where archives go, mode 0600 (default /var/backups/arleo)
  KEEP_DAYS=N       an archive goes when it is older, and N newer ones are there (default 30)

The private key is never on this host. An archive is FOLDER/arleo-HOST-TIME.tar.gpg, and beside it stands its SHA-256, once
it was checked; restore.sh puts it back. Releases and caches are not in it: they are made anew. State in Redis (STATE_URL)
is not in it either: back Redis up by its own means.

Exit status: 0 made and checked · 1 failed · 2 the command line · 75 another backup is running · 78 the configuration.
USAGE
}

# fatal MESSAGE REMEDY [STATUS]: how it ends is written down by finish.
fatal() {
  REASON="$1"
  say_error "$1" "$2"
  exit "${3:-1}"
}

# finish: on every way out.
finish() {
  local status=$?
  trap - EXIT INT TERM HUP
  [[ -z $PART ]] || rm -f -- "$PART"
  [[ -z $RUN ]] || rm -rf -- "$RUN"
  # One that is running says itself how it ended; a wrong command line is for its caller.
  if [[ $status -ne 0 && $status -ne 2 && $status -ne 75 ]]; then
    [[ $EUID -ne 0 ]] || { mkdir -p "$STATUS_FOLDER" && "$HERE/arleo.js" backup record --failed "$REASON"; } ||
      say_error 'the failure could not be written down' 'See the line above: a full disk, or the audit log.'
    say_error "no backup was made: $REASON" 'Earlier archives are as they were.'
  fi
  exit "$status"
}

check_host() {
  local missing
  [[ $EUID -eq 0 ]] || fatal 'a backup reads what only root may' 'Run it as root, or: systemctl start arleo-backup' 1
  missing="$(missing_packages gpg:gpg tar:tar flock:util-linux setpriv:util-linux sha256sum:coreutils node:nodejs)"
  [[ -z $missing ]] || fatal "missing: $missing" "Run: apt-get install --no-install-recommends $missing"
  [[ -x $HERE/arleo.js ]] || fatal "$HERE/arleo.js is missing" 'Run the backup.sh of an installed release.'
}

# open_folder: alone there from here on; what a run that was killed left goes.
open_folder() {
  mkdir -p -- "$FOLDER" || fatal "$FOLDER cannot be made" 'Name another FOLDER in backup.conf.'
  # Root would follow a link that somebody else put there.
  only_root "$FOLDER" || fatal "$FOLDER can be written by others than root" "Run: chown root: $FOLDER && chmod go-w $FOLDER" 78
  exec 9>"$FOLDER/.lock" || fatal "$FOLDER cannot be written" 'Mount it to be written, or name another FOLDER; the unit needs ReadWritePaths= for that.'
  flock -n 9 || fatal 'another backup is running' 'Wait until it has ended.' 75
  find "$FOLDER" -maxdepth 1 -type f -name 'arleo-*.part' -delete
}

# make_run: what has to be copied before it is encrypted lies here.
make_run() {
  RUN="$(mktemp -d "${RUNTIME_DIRECTORY:-/run}/arleo-backup.XXXXXXXX")"
  in_memory "$RUN" || fatal "$RUN is on a disk" 'Secrets would lie there in clear: mount a tmpfs on /run.'
  # The user of the service goes through, to the folder that is its own.
  chmod 0711 "$RUN"
  mkdir "$RUN/gnupg" "$RUN/about" "$RUN/staged" "$RUN/manifest"
}

# snapshot_oauth_state: as the service's user, into memory.
snapshot_oauth_state() {
  local owner=mcp-oauth-proxy
  [[ $OAUTH_STATE == lmdb ]] || return 0
  # Root has to be able to take it from there, without the capability to override permissions.
  install -d -m 0770 -g "$owner" "$RUN/oauth"
  as_user "$owner" "$HERE/arleo.js" backup snapshot "$RUN/oauth/snapshot" --state "/${LMDB%/*}" >/dev/null ||
    fatal 'the OAuth state could not be copied' 'See the line above.'
  stage "$LMDB"
  # -p: whose it is and who may read it, as the service made it.
  mv "$RUN/oauth/snapshot" "$RUN/staged/$LMDB"
}

# stage PATH: makes room for something that goes into the archive under this path.
stage() { mkdir -p "$RUN/staged/$(dirname "$1")"; }

# rotate NEW: an archive goes when its name says that it is older than KEEP_DAYS, and as many newer good ones are there. Both,
# so that neither a clock that is wrong nor weeks of failures leave the owner with less.
rotate() {
  local new="$1" oldest good=1 name stamp
  oldest="$(date -u -d "-$KEEP_DAYS days" +%Y%m%dT%H%M%SZ)"
  while IFS= read -r name; do
    stamp="${name#"arleo-$HOST-"}" stamp="${stamp%.tar.gpg}"
    [[ $name != "$new" && $stamp =~ ^[0-9]{8}T[0-9]{6}Z$ ]] || continue
    if [[ $stamp < $oldest && $good -ge $KEEP_DAYS ]]; then
      rm -f -- "$FOLDER/$name" "$FOLDER/$name.sha256"
      info "removed $name"
    elif [[ -s $FOLDER/$name.sha256 ]]; then
      good=$((good + 1))
    fi
  done < <(find "$FOLDER" -maxdepth 1 -type f -name "arleo-$HOST-*.tar.gpg" -printf '%f\n' | sort -r)
}

main() {
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --help) usage && exit 0 ;;
      --config)
        [[ $# -gt 1 && -n $2 ]] || { say_error '--config has no file' 'Usage: backup.sh [--config FILE]' && exit 2; }
        CONFIG="$2"
        shift
        ;;
      *) say_error "unknown argument: $1" 'Usage: backup.sh [--config FILE]' && exit 2 ;;
    esac
    shift
  done
  trap finish EXIT
  trap 'exit 143' TERM HUP
  trap 'exit 130' INT

  check_host
  read_config "$CONFIG"
  open_folder
  make_run
  check_key
  look_around
  info "backing up ${ON_HOST[*]}${SITE:+ and the site $SITE}, encrypted to $KEY"
  write_about
  snapshot_oauth_state
  stage_certificate
  local name archive
  name="arleo-$HOST-$(date -u +%Y%m%dT%H%M%SZ).tar.gpg"
  archive="$FOLDER/$name"
  PART="$archive.part"
  write_until_whole
  check_archive

  local sum bytes files
  sum="$(cut -d ' ' -f 1 "$RUN/sum")" bytes="$(stat -c %s -- "$PART")" files="$(wc -l <"$RUN/manifest/MANIFEST")"
  printf '%s  %s\n' "$sum" "$name" >"$archive.sha256"
  mv -- "$PART" "$archive"
  PART=''
  sync -- "$archive.sha256" "$FOLDER"
  mkdir -p "$STATUS_FOLDER"
  "$HERE/arleo.js" backup record --archive "$archive" --sha256 "$sum" --bytes "$bytes" --files "$files" --oauth-state "$OAUTH_STATE" ||
    fatal "$archive is there and good, and it could not be written down" 'See the line above: a full disk, or the audit log.'
  rotate "$name"
  info "$archive: $files files, $bytes bytes"
}

main "$@"
