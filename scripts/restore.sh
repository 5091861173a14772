#!/usr/bin/env bash
# Puts a backup of backup.sh back onto a fresh host; see --help.
#
# Nothing of the host is touched before the whole archive was decrypted, and every file in it is the one that was backed up.
#
# Environment:
#   NO_COLOR   no colours, even on a terminal
set -euo pipefail
umask 077
export LC_ALL=C

HERE="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd -P)"
# shellcheck source=scripts/backup-places.sh
. "$HERE/backup-places.sh"

ARCHIVE='' MODE=restore FORCE='' KEY_FILE='' PASSPHRASE_FILE='' GPG_HOME=''
RUN=''      # in memory: a private key that was given lies here
STAGE=''    # on the disk of /var/lib: where the archive is unpacked and checked
STREAM=''   # process that decrypts, to descriptor 3
declare -A ABOUT=()
STAMP="$(date -u +%Y%m%dT%H%M%SZ)"

usage() {
  cat <<'USAGE'
Restores a host from an archive of backup.sh: configuration, secrets, state, content and its history, then starts the units.

Usage: restore.sh [--list | --dry-run] [--force] [--key FILE [--passphrase-file FILE] | --gnupghome DIR] ARCHIVE
       gpg --decrypt ARCHIVE | ssh root@HOST /usr/local/lib/arleo/restore.sh -

  ARCHIVE                 a file; or - for what is decrypted already, on standard input: then your key stays where it is
  --key FILE              your private key, exported; it is used in memory, and nothing of it is left on the host
  --passphrase-file FILE  its passphrase
  --gnupghome DIR         a GnuPG home that has the key (default: your own)
  --list                  show what is in the archive
  --dry-run               show what would be done, and change nothing
  --force                 restore over an installation; what it had is kept beside, as *.before-restore-TIME
  --help                  this text

The release has to be installed: units and code (a release of at least the version that made the backup). Users are found by
their names. Whoever has your public key can make an archive: restore only what you have kept where nobody else writes.

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
  local missing needs=(tar:tar sha256sum:coreutils setpriv:util-linux)
  [[ $EUID -eq 0 ]] || fatal 'only root can restore a host' 'Run it as root.'
  [[ $ARCHIVE == - ]] || needs+=(gpg:gpg)
  [[ -z $KEY_FILE ]] || needs+=(gpg-agent:gpg-agent)
  missing="$(missing_packages "${needs[@]}")"
  [[ -z $missing ]] || fatal "missing: $missing" "Run: apt-get install --no-install-recommends $missing"
}

# import_key: into memory, for as long as this runs.
import_key() {
  RUN="$(mktemp -d /run/arleo-restore.XXXXXXXX)"
  in_memory "$RUN" || fatal "$RUN is on a disk" 'Your private key would lie there: mount a tmpfs on /run, or decrypt elsewhere and pipe.'
  mkdir "$RUN/gnupg"
  GPG_HOME="$RUN/gnupg"
  gpg --homedir "$GPG_HOME" --batch --quiet --import -- "$KEY_FILE" 2>"$RUN/import.log" ||
    fatal "$KEY_FILE holds no key: $(tail -n 1 "$RUN/import.log")" 'Export it: gpg --export-secret-keys FINGERPRINT'
}

check_sum() {
  local sums="$ARCHIVE.sha256"
  [[ -f $ARCHIVE ]] || fatal "$ARCHIVE is not there" 'Name an archive, or - for standard input.'
  if [[ -f $sums ]]; then
    [[ "$(sha256sum <"$ARCHIVE" | cut -d ' ' -f 1)" == "$(cut -d ' ' -f 1 "$sums")" ]] ||
      fatal "$ARCHIVE is not what $sums says" 'Take another copy, or an earlier archive.'
  else
    warn "$sums is not there: only its decryption will tell whether the archive is whole"
  fi
}

# decrypt: the archive in clear, to standard output.
decrypt() {
  local options=(--quiet)
  [[ $ARCHIVE != - ]] || exec cat <&4
  [[ -z $GPG_HOME ]] || options+=(--homedir "$GPG_HOME")
  [[ -z $PASSPHRASE_FILE ]] || options+=(--batch --pinentry-mode loopback --passphrase-file "$PASSPHRASE_FILE")
  [[ -z $KEY_FILE || -n $PASSPHRASE_FILE ]] || options+=(--batch)
  exec gpg "${options[@]}" --decrypt -- "$ARCHIVE"
}

# open_stream: descriptor 3 gives the archive in clear.
open_stream() {
  exec 4<&0
  exec 3< <(decrypt)
  STREAM=$!
}

# end_stream: everything was decrypted, to the end, and nothing was changed on the way: gpg says so last.
end_stream() {
  local process="$STREAM"
  cat <&3 >/dev/null
  STREAM=''
  wait "$process" || fatal 'the archive could not be decrypted, or it is damaged' 'See what gpg said. Use the key that KEY in backup.conf named, or an earlier archive.'
}

# read_about: the first part of the archive, into ABOUT.
read_about() {
  local text line
  text="$(head -c "$ABOUT_BYTES" <&3 | tar --extract --to-stdout --file=- ABOUT 2>/dev/null)" || true
  [[ -n $text ]] || { end_stream && fatal 'this is no archive of backup.sh' 'Name a file like arleo-HOST-TIME.tar.gpg.'; }
  while IFS= read -r line; do
    [[ $line =~ ^([A-Z_]+)=([[:print:]]*)$ ]] || fatal 'the archive does not say what it holds' 'Take another archive.'
    ABOUT["${BASH_REMATCH[1]}"]="${BASH_REMATCH[2]}"
  done <<<"$text"
  [[ ${ABOUT[FORMAT]:-} == "$FORMAT" ]] ||
    fatal "the archive has the format ${ABOUT[FORMAT]:-unknown}, and this release reads $FORMAT" "Use restore.sh of Arleo ${ABOUT[VERSION]:-that made it}."
  [[ -z ${ABOUT[SITE_DIR]:-} || ${ABOUT[SITE_DIR]} =~ ^(/[^/]+)+$ && ! ${ABOUT[SITE_DIR]}/ =~ /\.\.?/ ]] || fatal 'the archive names a site that is no path' 'Take another archive.'
  local unit
  for unit in ${ABOUT[UNITS]:-}; do
    [[ " ${UNITS[*]} " == *" $unit "* ]] || fatal "the archive is about the unknown unit $unit" "Use restore.sh of Arleo ${ABOUT[VERSION]:-that made it}."
  done
  info "of ${ABOUT[HOST]:-?}, made ${ABOUT[CREATED]:-?} by Arleo ${ABOUT[VERSION]:-?}: ${ABOUT[UNITS]:-}"
  [[ ${ABOUT[OAUTH_STATE]:-} != redis ]] || warn 'the OAuth state was in Redis (STATE_URL) and is not in the archive: restore Redis by its own means'
}

# all_places: what an archive may hold, below /.
all_places() {
  local site="${ABOUT[SITE_DIR]:-}"
  printf '%s\n' "${PLACES[@]}" ${site:+"${site#/}"}
}

occupied() { [[ -e $1 && ! -d $1 ]] || [[ -d $1 && -n "$(find "$1" -mindepth 1 -print -quit)" ]]; }

# refuse_living: an installation that lives is not overwritten by mistake.
refuse_living() {
  local unit place living=()
  for unit in ${ABOUT[UNITS]}; do
    for place in "/etc/$unit/.env" "/var/lib/$unit"; do
      ! occupied "$place" || living+=("$place")
    done
  done
  [[ -z ${ABOUT[SITE_DIR]} ]] || ! occupied "${ABOUT[SITE_DIR]}" || living+=("${ABOUT[SITE_DIR]}")
  [[ ${#living[@]} -eq 0 ]] && return
  [[ -n $FORCE ]] || fatal "there is an installation on this host: ${living[*]}" 'With --force it makes room, and is kept beside as *.before-restore-TIME.' 3
  warn "this takes the place of ${living[*]}"
}

# check_names: every user and group of the archive is here. A number would be somebody else's.
check_names() {
  local unit name missing=() installed=()
  for unit in ${ABOUT[UNITS]}; do
    [[ -e /etc/systemd/system/$unit.service && -e /usr/local/lib/$unit/main.js ]] || installed+=("$unit")
  done
  [[ ${#installed[@]} -eq 0 ]] || fatal "not installed here: ${installed[*]}" 'Install the release (units and code) first, without starting it.'
  [[ $MODE == dry-run ]] || systemd-sysusers
  for name in ${ABOUT[USERS]:-}; do
    [[ $name =~ ^[0-9]+$ ]] || getent passwd "$name" >/dev/null || missing+=("user $name")
  done
  for name in ${ABOUT[GROUPS]:-}; do
    [[ $name =~ ^[0-9]+$ ]] || getent group "$name" >/dev/null || missing+=("group $name")
  done
  [[ ${#missing[@]} -eq 0 || $MODE == dry-run ]] ||
    fatal "files of the archive belong to whom this host does not know: ${missing[*]}" 'Make them first: adduser --system NAME, addgroup --system NAME.'
}

# unpack: to a place of its own. tar itself takes no path that leads out of it, and follows no link that it has made.
unpack() {
  STAGE="$(mktemp -d /var/lib/.arleo-restore.XXXXXXXX)"
  tar --extract --ignore-zeros --preserve-permissions --same-owner --delay-directory-restore --directory="$STAGE" --file=- <&3 ||
    { end_stream && fatal 'the archive could not be unpacked' 'See what tar said: a full disk?'; }
  end_stream
}

# check_unpacked: these are the files that were backed up, all of them and no others, and only where they may be.
check_unpacked() {
  local entry place fits places
  mapfile -t places < <(all_places && printf 'arleo-backup\n')
  [[ -f $STAGE/MANIFEST ]] || fatal 'the archive has no MANIFEST: it was not finished' 'Take another archive.'
  (cd "$STAGE" && sha256sum --check --strict --quiet MANIFEST >&2) ||
    fatal 'files of the archive are not those that were backed up' 'Nothing was changed. Take an earlier archive.'
  [[ "$(find "$STAGE" -type f ! -path "$STAGE/MANIFEST" -printf x | wc -c)" -eq "$(wc -l <"$STAGE/MANIFEST")" ]] ||
    fatal 'the archive has files that its MANIFEST does not name' 'Nothing was changed. Do not trust it.'
  [[ -z "$(find "$STAGE" \( ! -type f ! -type d ! -type l -o ! -type l -perm /6000 \) -print -quit)" ]] ||
    fatal 'the archive has devices, pipes or programs that run as others' 'Nothing was changed. Do not trust it.'
  rm "$STAGE/MANIFEST"
  while IFS= read -r -d '' entry; do
    fits=''
    for place in "${places[@]}"; do
      [[ $entry/ != "$place"/* && $place/ != "$entry"/* ]] || { fits=yes && break; }
    done
    [[ -n $fits ]] || fatal "the archive has something where no backup has: /$entry" 'Nothing was changed. Do not trust it.'
  done < <(cd "$STAGE" && find . -mindepth 1 -maxdepth 5 -printf '%P\0')
}

stop_units() {
  local unit
  for unit in ${ABOUT[UNITS]}; do
    ! systemctl is-active --quiet "$unit" || { info "stopping $unit" && systemctl stop "$unit"; }
  done
}

# place PATH: from the stage to where it belongs; what is there is kept beside.
place() {
  local from="$STAGE/$1" to="/$1"
  if mountpoint --quiet "$to"; then
    occupied "$to" && fatal "$to is a disk with something on it" 'Empty it yourself, then run this again with --force.'
    find "$from" -mindepth 1 -maxdepth 1 -exec mv -t "$to" -- {} +
    chown --reference="$from" -- "$to" && chmod --reference="$from" -- "$to"
    return
  fi
  if occupied "$to"; then
    mv -T -- "$to" "$to.before-restore-$STAMP"
  elif [[ -d $to ]]; then
    rmdir -- "$to"
  fi
  (umask 022 && mkdir -p -- "$(dirname "$to")")
  mv -T -- "$from" "$to"
}

place_all() {
  local one
  info 'putting everything in its place'
  while IFS= read -r one; do
    [[ ! -e $STAGE/$one && ! -L $STAGE/$one ]] || place "$one"
  done < <(all_places)
}

# settle_content: files that were changed while the backup read them are taken from the history, as of one moment.
settle_content() {
  local site="${ABOUT[SITE_DIR]}" git=(git_in "/$HISTORY" --work-tree="${ABOUT[SITE_DIR]}") file folder
  [[ -d /$HISTORY && -f /$HISTORY/refs/heads/main ]] || return 0
  "${git[@]}" read-tree HEAD
  [[ -s $STAGE/$SETTLE ]] || return 0
  info "putting $(tr -cd '\0' <"$STAGE/$SETTLE" | wc -c) files right that changed during the backup"
  "${git[@]}" ls-files -z | sort -z >"$STAGE/known"
  # As the service itself makes files (UMask= of its unit).
  comm -z -12 "$STAGE/$SETTLE" "$STAGE/known" | (cd "$site" && umask 027 && "${git[@]}" checkout-index --force -z --stdin)
  while IFS= read -r -d '' file; do
    folder="$(realpath -m -- "$site/$(dirname -- "$file")")"
    [[ $folder/ == "$site"/* ]] || continue
    rm -f -- "$site/$file"
  done < <(comm -z -23 "$STAGE/$SETTLE" "$STAGE/known")
}

start_units() {
  local unit failed=()
  for unit in ${ABOUT[UNITS]}; do
    [[ ! -e /etc/tmpfiles.d/$unit.conf ]] || systemd-tmpfiles --create "$unit.conf"
  done
  systemctl daemon-reload
  # The site first: the others wait for it.
  for unit in hugo-mcp hugo-mcp-proxy mcp-oauth-proxy; do
    [[ " ${ABOUT[UNITS]} " == *" $unit "* ]] || continue
    info "starting $unit"
    systemctl enable --quiet "$unit" && systemctl restart "$unit" && systemctl is-active --quiet "$unit" || failed+=("$unit")
  done
  [[ ${#failed[@]} -eq 0 ]] || fatal "restored, and not running: ${failed[*]}" "See: journalctl -n 30 -u ${failed[0]}"
  if [[ -e /etc/arleo/backup.conf && -e /etc/systemd/system/arleo-backup.timer ]]; then
    systemctl enable --quiet --now arleo-backup.timer
  fi
}

# would: what --dry-run says, from the names in the archive.
would() {
  local unit one count names
  names="$(tar --list --ignore-zeros --file=- <&3)" || { end_stream && fatal 'the archive cannot be read' 'Take another one.'; }
  end_stream
  grep -qx MANIFEST <<<"$names" || fatal 'the archive has no MANIFEST: it was not finished' 'Take another archive.'
  for unit in ${ABOUT[UNITS]}; do
    ! systemctl is-active --quiet "$unit" || printf '[DRY-RUN] Would stop %s\n' "$unit"
  done
  while IFS= read -r one; do
    count="$(PLACE="$one" awk 'index($0, ENVIRON["PLACE"] "/") == 1 || $0 == ENVIRON["PLACE"] { n += !/\/$/ } END { print n + 0 }' <<<"$names")"
    [[ $count -gt 0 ]] || continue
    ! occupied "/$one" || printf '[DRY-RUN] Would move /%s to /%s.before-restore-%s\n' "$one" "$one" "$STAMP"
    printf '[DRY-RUN] Would restore /%s (%d)\n' "$one" "$count"
  done < <(all_places)
  printf '[DRY-RUN] Would start %s\n' "${ABOUT[UNITS]}"
}

main() {
  parse "$@"
  trap finish EXIT
  trap 'exit 143' TERM HUP
  trap 'exit 130' INT
  check_host
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
  check_names
  if [[ $MODE == dry-run ]]; then
    would
    return
  fi
  info 'decrypting and checking'
  unpack
  check_unpacked
  stop_units
  place_all
  settle_content
  start_units
  info "restored: ${ABOUT[HOST]} as it was ${ABOUT[CREATED]}"
}

main "$@"
