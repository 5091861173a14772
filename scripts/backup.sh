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
# shellcheck source=scripts/backup-places.sh
. "$HERE/backup-places.sh"

CONFIG=/etc/arleo/backup.conf
STATUS_FOLDER=/var/lib/arleo
ATTEMPTS=3
# What backup.conf sets.
KEY='' KEY_FILE=/etc/arleo/backup-key.asc FOLDER=/var/backups/arleo KEEP_DAYS=30

RUN=''         # in memory
PART=''        # the archive while it is written
RECIPIENTS=''  # ids of the keys that archives may be encrypted to
SITE=''
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

# only_root FILE: nobody but root could have written it.
only_root() {
  local owner mode
  read -r owner mode < <(stat -L -c '%u %a' -- "$1") && [[ $owner -eq 0 && $((8#$mode & 8#022)) -eq 0 ]]
}

# read_config FILE: it is parsed, never run.
read_config() {
  local file="$1" line name value
  [[ -f $file ]] || fatal "$file is not there" 'Write it: backup.sh --help shows how.' 78
  only_root "$file" || fatal "$file can be written by others than root" "Run: chown root: $file && chmod 0600 $file" 78
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line =~ ^[[:space:]]*(#.*)?$ ]] && continue
    [[ $line =~ ^([A-Z_]+)=(.*[^[:space:]])[[:space:]]*$ ]] ||
      fatal "$file has a line that is not NAME=VALUE: ${line:0:60}" 'backup.sh --help shows what it may say.' 78
    name="${BASH_REMATCH[1]}" value="${BASH_REMATCH[2]}"
    case "$name" in
      KEY) KEY="${value//[[:space:]]/}" KEY="${KEY^^}" ;;
      KEY_FILE) KEY_FILE="$value" ;;
      FOLDER) FOLDER="${value%/}" ;;
      KEEP_DAYS) KEEP_DAYS="$value" ;;
      *) fatal "$file has the unknown name $name" 'It may say KEY, KEY_FILE, FOLDER and KEEP_DAYS.' 78 ;;
    esac
  done <"$file"
  [[ $KEY =~ ^([0-9A-F]{40}|[0-9A-F]{64})$ ]] ||
    fatal "KEY in $file is not a fingerprint of 40 hexadecimal digits" 'gpg --fingerprint shows it, on the machine with your key.' 78
  [[ $KEY_FILE == /* && $FOLDER == /?* ]] || fatal "$file names a path that does not begin with /" 'Give whole paths.' 78
  [[ $KEEP_DAYS =~ ^[1-9][0-9]{0,3}$ ]] || fatal "KEEP_DAYS in $file is not a number from 1 to 9999" 'For example: KEEP_DAYS=30' 78
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

gpg_() { gpg --homedir "$RUN/gnupg" --no-options --batch --no-tty --no-autostart --quiet "$@"; }

# check_key: the file holds the one key that is meant, its public part alone, and archives can be encrypted to it.
check_key() {
  local listed
  [[ -f $KEY_FILE ]] || fatal "$KEY_FILE is not there" "On the machine with your key: gpg --armor --export $KEY; bring its output to $KEY_FILE." 78
  only_root "$KEY_FILE" || fatal "$KEY_FILE can be written by others than root" "Run: chown root: $KEY_FILE && chmod 0600 $KEY_FILE" 78
  listed="$(gpg_ --show-keys --with-colons -- "$KEY_FILE" 2>"$RUN/gpg.log")" ||
    fatal "$KEY_FILE holds no OpenPGP key" "gpg said: $(tail -n 1 "$RUN/gpg.log")" 78
  if grep -q '^se[cs]:\|^ssb:' <<<"$listed" || grep -q 'PRIVATE KEY' "$KEY_FILE"; then
    fatal "$KEY_FILE holds a private key" "Remove it from this host; bring the public part alone: gpg --armor --export $KEY" 78
  fi
  [[ "$(grep -c '^pub:' <<<"$listed")" -eq 1 && "$(awk -F: '$1 == "fpr" { print $10; exit }' <<<"$listed")" == "$KEY" ]] ||
    fatal "$KEY_FILE does not hold exactly the key $KEY" 'Compare the fingerprint: somebody may have changed the file.' 78
  RECIPIENTS="$(awk -F: '($1 == "pub" || $1 == "sub") && $2 !~ /[eridn]/ && $12 ~ /e/ { print $5 }' <<<"$listed")"
  [[ -n $RECIPIENTS ]] || fatal "nothing can be encrypted to the key $KEY any more: it is expired, revoked, or for signing alone" \
    'On the machine with your key: gpg --quick-set-expire, then export it again.' 78
}

# look_around: what is on this host.
look_around() {
  local unit
  for unit in "${UNITS[@]}"; do
    [[ ! -e /etc/$unit/.env && ! -e /etc/systemd/system/$unit.service ]] || ON_HOST+=("$unit")
  done
  [[ ${#ON_HOST[@]} -gt 0 ]] || fatal 'nothing of Arleo is installed here' 'Run it on a host of Arleo.'
  if [[ -d /var/lib/hugo-mcp ]]; then
    SITE="$(systemctl show -P Environment hugo-mcp 2>/dev/null | tr ' ' '\n' | sed -n 's/^SITE_DIR=//p')" || true
    SITE="$(realpath -- "${SITE:-$SITE_DEFAULT}")" || fatal "the site ${SITE:-$SITE_DEFAULT} is not there" 'Mount its disk.'
  fi
  if grep -rqsE '^(Environment=)?"?STATE_URL(_FILE)?=' /etc/mcp-oauth-proxy/.env /etc/systemd/system/mcp-oauth-proxy.service.d; then
    OAUTH_STATE=redis
    warn 'the OAuth state is in Redis (STATE_URL) and NOT in this archive: back Redis up by its own means'
  elif [[ -e /$LMDB ]]; then
    OAUTH_STATE=lmdb
  fi
}

places() {
  local place
  for place in "${PLACES[@]}" ${SITE:+"${SITE#/}"}; do
    [[ ! -e /$place ]] || printf '%s\0' "$place"
  done
}

# tar_create ARGUMENT...: a file that grows or goes while it is read is no failure.
tar_create() {
  local status=0
  tar --create --file=- --format=gnu --hard-dereference --sort=name --anchored --no-wildcards "$@" 2>>"$RUN/tar.log" || status=$?
  [[ $status -le 1 ]]
}

write_about() {
  local names
  names="$(places | (cd / && xargs -0 sh -c 'find "$@" \( -path var/lib/hugo-mcp/releases -o -path var/lib/hugo-mcp/cache \) -prune -o -printf "u%u\ng%g\n"' find) |
    sort -u)" || true
  {
    printf 'FORMAT=%s\nVERSION=%s\nHOST=%s\nCREATED=%s\n' "$FORMAT" "$("$HERE/arleo.js" --version)" "$HOST" "$(date -u +%FT%TZ)"
    printf 'UNITS=%s\nSITE_DIR=%s\nOAUTH_STATE=%s\n' "${ON_HOST[*]}" "$SITE" "$OAUTH_STATE"
    printf 'USERS=%s\nGROUPS=%s\n' "$(sed -n 's/^u//p' <<<"$names" | paste -sd' ')" "$(sed -n 's/^g//p' <<<"$names" | paste -sd' ')"
  } >"$RUN/about/ABOUT"
}

# snapshot_oauth_state: as the service's user, into memory.
snapshot_oauth_state() {
  local owner=mcp-oauth-proxy
  [[ $OAUTH_STATE == lmdb ]] || return 0
  install -d -m 0700 -o "$owner" "$RUN/oauth"
  as_user "$owner" "$HERE/arleo.js" backup snapshot "$RUN/oauth/snapshot" --state "/${LMDB%/*}" >/dev/null ||
    fatal 'the OAuth state could not be copied' 'See the line above.'
  stage "$LMDB"
  # -p: whose it is and who may read it, as the service made it.
  mv "$RUN/oauth/snapshot" "$RUN/staged/$LMDB"
}

# stage PATH: makes room for something that goes into the archive under this path.
stage() { mkdir -p "$RUN/staged/$(dirname "$1")"; }

history_head() { git_in "/$HISTORY" rev-parse --verify --quiet HEAD || true; }

# copy_journal FILE: read with the rights of the service, so that a link put there leads to nothing that it may not read.
copy_journal() {
  as_user "$(stat -c %U /var/lib/hugo-mcp)" cat "/$JOURNAL" >"$1" 2>/dev/null || : >"$1"
}

# look_at_writer FOLDER: HEAD of the history and the journal, as they were at one moment.
look_at_writer() {
  local to="$1" tries=100
  mkdir -p "$to"
  until copy_journal "$to/journal" && history_head >"$to/head" && copy_journal "$to/again" && cmp -s "$to/journal" "$to/again" &&
    [[ "$(history_head)" == "$(cat "$to/head")" ]]; do
    tries=$((tries - 1))
    [[ $tries -gt 0 ]] || return 1
    sleep 0.05
  done
}

# journal_files FILE: paths of the files that the changes under way touch, each ending with NUL.
journal_files() {
  [[ -s $1 ]] || return 0
  node -e 'for (const { files, moves } of JSON.parse(require("fs").readFileSync(0, "utf8")).changes)
    for (const path of [...files.map(({ file }) => file), ...moves.flatMap(({ from, to }) => [from, to])]) process.stdout.write(path + "\0")' <"$1"
}

# stage_history: the history's newest commit and the journal, of one moment after the content was read, and the names of
# the files that changes touched since the moment before it was.
stage_history() {
  local before="$RUN/before" after="$RUN/after" range owner
  look_at_writer "$after" || return
  range="$(cat "$after/head")"
  [[ -n $range ]] || return 0
  [[ ! -s $before/head ]] || range="$(cat "$before/head")..$range"
  stage "$SETTLE"
  {
    # Every commit counts, not only what is different in the end: a change that was taken back again was copied, perhaps.
    git_in "/$HISTORY" log --format= --name-only --no-renames -z "$range" -- &&
      journal_files "$before/journal" && journal_files "$after/journal"
  } | sed -z '/^$/d' | sort -zu >"$RUN/staged/$SETTLE" || return
  stage "$HISTORY/refs/heads/main"
  cp "$after/head" "$RUN/staged/$HISTORY/refs/heads/main"
  printf 'ref: refs/heads/main\n' >"$RUN/staged/$HISTORY/HEAD"
  [[ ! -s $after/journal ]] || { stage "$JOURNAL" && cp "$after/journal" "$RUN/staged/$JOURNAL"; }
  owner="$(stat -c %U:%G "/$HISTORY")"
  chown -R "$owner" "$RUN/staged/var/lib/hugo-mcp"
}

# packs: what gc, or a pull of the site, changes. The files of a repository are written once; only these two remove some.
packs() {
  local gitdir
  for gitdir in "/$HISTORY" ${SITE:+"$SITE/.git"}; do
    [[ ! -d $gitdir/objects ]] || find "$gitdir/objects/pack" -name '*.pack' | sort
  done
  [[ -z $SITE || ! -d $SITE/.git ]] || git_in "$SITE/.git" rev-parse --verify --quiet HEAD || true
}

# copy_members: all files. The history comes behind the content, and its packs behind its other objects: what gc moves into
# a pack while this runs is found in one or the other.
copy_members() {
  places | tar_create --directory=/ \
    --exclude="${FOLDER#/}" --exclude=var/lib/arleo/backup.json \
    --exclude="$LMDB" --exclude="$LMDB-lock" --exclude="$LMDB.new" --exclude="$LMDB.new-lock" \
    --exclude="$HISTORY" --exclude="$JOURNAL" \
    --exclude=var/lib/hugo-mcp/{releases,public,cache,scratch,home} \
    --wildcards --exclude='var/log/*.lock' --null --verbatim-files-from --files-from=- || return
  if [[ -d /$HISTORY ]]; then
    stage_history || return
    tar_create --directory=/ --exclude="$HISTORY"/{HEAD,ORIG_HEAD,COMMIT_EDITMSG,index,logs,packed-refs,gc.pid,refs/heads/main} \
      --wildcards --exclude='*.lock' --exclude="$HISTORY/objects/*/tmp_*" "$HISTORY" || return
  fi
  (cd "$RUN/staged" && find . -type f -printf '%P\0') | tar_create --directory="$RUN/staged" --null --verbatim-files-from --files-from=-
}

# hash_members: from a tar archive to the lines that sha256sum would write for its files. Escapes are those of sha256sum.
hash_members() {
  # shellcheck disable=SC2016  # It is for the shell that tar starts for each file.
  local each='sum=$(sha256sum) || exit
    name=$TAR_REALNAME
    case $name in
      *["$ODD"]*)
        name=$(printf %s "$name" | sed -z "s/\\\\/&&/g; s/\\n/\\\\n/g; s/\\r/\\\\r/g")
        printf %s "\\"
        ;;
    esac
    printf "%s  %s\n" "${sum%% *}" "$name"'
  ODD=$'\\\n\r' tar --extract --ignore-zeros --file=- --to-command="$each" 2>>"$RUN/tar.log"
}

# write_stream: the archive in clear, from tar to gpg.
write_stream() {
  local hashing
  tar_create --directory="$RUN/about" ABOUT || return
  rm -f "$RUN/members" && mkfifo "$RUN/members" || return
  hash_members <"$RUN/members" >"$RUN/manifest/MANIFEST" &
  hashing=$!
  copy_members | tee "$RUN/members" || return
  wait "$hashing" || return
  tar_create --directory="$RUN/manifest" MANIFEST
}

# write_archive: fails if anything in it does.
write_archive() {
  local summing
  : >"$RUN/tar.log"
  rm -rf "$RUN/before" "$RUN/after" "$RUN/staged/$SETTLE" "$RUN/staged/var/lib/hugo-mcp"
  [[ ! -d /$HISTORY ]] || look_at_writer "$RUN/before" || return
  rm -f "$RUN/cipher" && mkfifo "$RUN/cipher" || return
  sha256sum <"$RUN/cipher" >"$RUN/sum" &
  summing=$!
  write_stream | gpg_ --encrypt --trust-model always --recipient-file "$KEY_FILE" --output - 2>"$RUN/gpg.log" |
    tee "$RUN/cipher" >"$PART" || return
  wait "$summing"
}

# why_not_written: one line for a failure of write_archive.
why_not_written() {
  local left
  left="$(df --output=avail -B 1 -- "$FOLDER" | tail -n 1)"
  if [[ $left -lt 1048576 ]]; then
    printf 'the disk of %s is full' "$FOLDER"
  elif [[ -s $RUN/gpg.log ]]; then
    printf 'gpg failed: %s' "$(tail -n 1 "$RUN/gpg.log")"
  else
    printf 'the files could not be read: %s' "$(grep -v 'changed as we read it\|removed before we read it\|Exiting with failure' "$RUN/tar.log" | tail -n 1)"
  fi
}

write_until_whole() {
  local attempt before
  for ((attempt = 1; attempt <= ATTEMPTS; attempt++)); do
    before="$(packs)"
    write_archive || fatal "$(why_not_written)" 'Mend that, then: systemctl start arleo-backup'
    [[ "$(packs)" != "$before" ]] || return 0
    info 'a repository was packed or pulled meanwhile: once more'
  done
  fatal "repositories changed during each of $ATTEMPTS attempts" 'Try again.'
}

# check_archive: what can be known without the private key. It is what gpg gave, on the disk as a whole, one message, and
# encrypted to the owner's key and no other.
check_archive() {
  local packets ids id sum
  sync -- "$PART" || fatal "$PART did not reach the disk" 'Look at the disk: dmesg, smartctl.'
  sum="$(sha256sum <"$PART")"
  [[ -s $PART && $sum == "$(cat "$RUN/sum")" ]] || fatal 'the archive on the disk is not the one that was written' 'Look at the disk: dmesg, smartctl.'
  packets="$(gpg_ --list-packets -- "$PART" 2>/dev/null | grep '^:')" || true
  ids="$(sed -n 's/^:pubkey enc packet: .*keyid \([0-9A-F]*\)$/\1/p' <<<"$packets")"
  packets="$(grep -v '^:pubkey enc packet: ' <<<"$packets")" || true
  [[ -n $ids && $packets =~ ^:(encrypted\ data|aead\ encrypted)\ packet:[^$'\n']*$ ]] ||
    fatal 'what gpg wrote is not one encrypted message' 'Look at: gpg --version'
  for id in $ids; do
    grep -qx "$id" <<<"$RECIPIENTS" || fatal "the archive is encrypted to the key $id, which is not of $KEY" 'Look at KEY_FILE.'
  done
  [[ "$(wc -l <"$RUN/manifest/MANIFEST")" -gt 0 ]] || fatal 'the archive holds no file' 'Look at the paths in scripts/backup-places.sh.'
}

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
