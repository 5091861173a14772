# shellcheck shell=bash
# From an archive to its files, decrypted and checked, beside the host. Sourced by restore.sh.

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
  # An agent that it starts would go on holding the lock.
  exec gpg "${options[@]}" --decrypt -- "$ARCHIVE" 8>&-
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
  local file
  for file in ${ABOUT[TLS]:-}; do
    [[ /$file =~ ^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$ ]] || fatal 'the archive names a certificate that is no path' 'Take another archive.'
  done
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
  # shellcheck disable=SC2086  # Paths without spaces, which read_about has looked at.
  printf '%s\n' "${PLACES[@]}" ${site:+"${site#/}"} ${ABOUT[TLS]:-}
}

# stays PLACE: a public certificate that the host has is as new as the backup's, or newer.
stays() {
  case " ${ABOUT[TLS]:-} " in
    *" $1 "*) [[ $1 == etc/letsencrypt && -e /etc/letsencrypt/live || $1 != etc/letsencrypt && -e /$1 ]] ;;
    *) return 1 ;;
  esac
}

# alone: no other restore runs; what one left that was killed goes, for it lies there in clear.
alone() {
  exec 8</var/lib
  flock -n 8 || fatal 'another restore is running' 'Wait until it has ended.'
  rm -rf -- /var/lib/.arleo-restore.???????? /run/arleo-restore.????????
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
  local entry place fits allowed
  mapfile -t allowed < <(all_places && printf 'arleo-backup\n')
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
    for place in "${allowed[@]}"; do
      [[ $entry/ != "$place"/* && $place/ != "$entry"/* ]] || { fits=yes && break; }
    done
    [[ -n $fits ]] || fatal "the archive has something where no backup has: /$entry" 'Nothing was changed. Do not trust it.'
  done < <(cd "$STAGE" && find . -mindepth 1 -maxdepth 5 -printf '%P\0')
}

# would: what --dry-run says, from the names in the archive.
would() {
  local unit one count names
  names="$(tar --list --ignore-zeros --file=- <&3)" || { end_stream && fatal 'the archive cannot be read' 'Take another one.'; }
  end_stream
  grep -qx MANIFEST <<<"$names" || fatal 'the archive has no MANIFEST: it was not finished' 'Take another archive.'
  [[ -z ${MISSING[*]} ]] || printf '[DRY-RUN] Would install packages %s\n' "${MISSING[*]}"
  for unit in ${ABOUT[UNITS]}; do
    ! systemctl is-active --quiet "$unit" || printf '[DRY-RUN] Would stop %s\n' "$unit"
  done
  while IFS= read -r one; do
    count="$(PLACE="$one" awk 'index($0, ENVIRON["PLACE"] "/") == 1 || $0 == ENVIRON["PLACE"] { n += !/\/$/ } END { print n + 0 }' <<<"$names")"
    [[ $count -gt 0 ]] || continue
    ! stays "$one" || { printf '[DRY-RUN] Would leave /%s as it is\n' "$one" && continue; }
    ! occupied "/$one" || printf '[DRY-RUN] Would move /%s to /%s.before-restore-%s\n' "$one" "$one" "$STAMP"
    printf '[DRY-RUN] Would restore /%s (%d)\n' "$one" "$count"
  done < <(all_places)
  [[ ${ABOUT[INSTALLED]:-} != yes ]] || printf '[DRY-RUN] Would run install.sh --yes --role %s\n' "$(role)"
  printf '[DRY-RUN] Would start %s\n' "${ABOUT[UNITS]}"
}
