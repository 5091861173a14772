# shellcheck shell=bash
# From the files of the host to an encrypted archive, and what can be checked of it. Sourced by backup.sh.

places() {
  local place
  for place in "${PLACES[@]}" ${SITE:+"${SITE#/}"} "${TLS[@]}"; do
    # A file that is staged comes from there; of a folder only a part may be.
    [[ ! -e /$place || -f $RUN/staged/$place ]] || printf '%s\0' "$place"
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
    printf 'UNITS=%s\nSITE_DIR=%s\nOAUTH_STATE=%s\nTLS=%s\n' "${ON_HOST[*]}" "$SITE" "$OAUTH_STATE" "${TLS[*]}"
    # Answers to install.sh: then it can make the next host, too.
    printf 'INSTALLED=%s\n' "$([[ ! -e /etc/arleo/install.conf ]] || echo yes)"
    printf 'USERS=%s\nGROUPS=%s\n' "$(sed -n 's/^u//p' <<<"$names" | paste -sd' ')" "$(sed -n 's/^g//p' <<<"$names" | paste -sd' ')"
  } >"$RUN/about/ABOUT"
}

# copy_members: all files, but what is about this host alone: which release was seen to work on it, and locks, which on
# another host nobody would take over. The history comes behind the content, and its packs behind its other objects: what gc
# moves into a pack while this runs is found in one or the other.
copy_members() {
  places | tar_create --directory=/ \
    --exclude="${FOLDER#/}" --exclude=var/lib/arleo/{backup.json,proven,before,started,undo} \
    --exclude="$LMDB" --exclude="$LMDB-lock" --exclude="$LMDB.new" --exclude="$LMDB.new-lock" \
    --exclude="$HISTORY" --exclude="$JOURNAL" \
    --exclude=var/lib/hugo-mcp/{releases,public,cache,scratch,home} \
    --wildcards --exclude={etc,var/lib,var/log}/{arleo,mcp-oauth-proxy,hugo-mcp-proxy,hugo-mcp}/'*.lock' --null --verbatim-files-from --files-from=- || return
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
  [[ "$(wc -l <"$RUN/manifest/MANIFEST")" -gt 0 ]] || fatal 'the archive holds no file' 'Look at the paths in scripts/backup/places.sh.'
}
