# shellcheck shell=bash
# What is changed of a host that works can be put back: its units, its nginx, and which release is run. Secrets and
# settings are only ever added to, so they stay. Sourced by install.sh.

readonly UNDO="$RECORD/undo"
CHANGING=''

# begin_changes: from here on a run that fails puts back what was there. One that was killed left its saved files, and
# they stay the ones to go back to.
begin_changes() {
  [[ -z $DRY_RUN ]] || return 0
  install -d -m 700 "$UNDO/files" "$RECORD/started"
  CHANGING=yes
  trap put_back EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# put_managed WHAT FILE TEXT: a file of the release; the text lacks its last line feed.
put_managed() {
  [[ -z $CHANGING ]] || save "$2" "$3"
  put_file "$1" "$2" 644 root:root "$3"$'\n'
}

# save FILE TEXT: before it is changed for the first time since all was well. A missing one is saved as missing.
save() {
  local saved="$UNDO/files${1}"
  ! same_content "$1" "$2"$'\n' || return 0
  [[ ! -e $saved && ! -e $saved.missing ]] || return 0
  install -d -m 700 "$(dirname "$saved")"
  if [[ -e $1 ]]; then
    cp -p "$1" "$saved.new"
    sync "$saved.new"
    mv "$saved.new" "$saved"
  else
    : >"$saved.missing"
  fi
}

# put_owners WHAT FILE TEXT: one that the owner may have changed, and then it stays: the release's is put beside it.
put_owners() {
  local what="$1" file="$2" text="$3" ours beside="$2.arleo-new"
  ours="$(printf '%s\n' "$text" | sha256sum | cut -c 1-64)  $file"
  if [[ -f $file ]] && ! same_content "$file" "$text"$'\n' && ! is_ours "$file"; then
    if ! grep -qxF "$ours" "$RECORD/written" 2>/dev/null || [[ -e $beside ]]; then
      [[ -n $DRY_RUN ]] || same_content "$beside" "$text"$'\n' || warn "$file was changed by hand and stays; the release's is beside it"
      put_file "$what" "$beside" 644 root:root "$text"$'\n'
      note_ours "$ours"
    fi
    return
  fi
  note_ours "$ours"
  put_managed "$what" "$file" "$text"
  [[ ! -e $beside ]] || remove_path "$beside"
}

# is_ours FILE: is it to the byte what an installer has written there?
is_ours() { grep -qxF "$(sha256sum "$1" | cut -c 1-64)  $1" "$RECORD/written" 2>/dev/null; }

# note_ours LINE: before the file is written, so that one that was written is known in any case.
note_ours() {
  [[ -z $DRY_RUN ]] || return 0
  grep -qxF "$1" "$RECORD/written" 2>/dev/null || printf '%s\n' "$1" >>"$RECORD/written"
}

# prove: each hop is asked, and a signed call goes through them.
prove() {
  local lacking tries=5 said
  lacking="$(lacks)"
  if [[ -n $lacking || -n $DRY_RUN ]]; then
    [[ -n $lacking ]] || echo "[DRY-RUN] Would prove that it works: arleo self-test --role ${ANSWER[ROLE]}"
    return 0
  fi
  info 'Asking each hop, and making a signed call through them'
  until said="$(self_test)"; do
    tries=$((tries - 1))
    [[ $tries -gt 0 ]] || fatal $FAILED 'what was installed does not work' "${said#arleo: }"
    sleep 2
  done
  printf '%s\n' "$said" | sed 's/^/    /'
}

self_test() { node /usr/local/lib/arleo/arleo.js self-test --role "${ANSWER[ROLE]}" 2>&1; }

# keep_changes: all is well, so this is what a later run goes back to.
keep_changes() {
  [[ -z $DRY_RUN ]] || return 0
  CHANGING=''
  trap - EXIT INT TERM
  local before
  before="$(proven_release)"
  if [[ -z "$(lacks)" ]]; then
    [[ $before == "$RELEASE" ]] || write_record before "$before"
    [[ $before == "$RELEASE" ]] || write_record proven "$RELEASE"
  fi
  rm -rf "$UNDO"
  remove_old_releases "$(cat "$RECORD/before" 2>/dev/null || true)"
}

# put_back: at the end of a run that failed after begin_changes.
put_back() {
  local status=$? before
  trap - EXIT INT TERM
  [[ -n $CHANGING && $status -ne 0 ]] || exit "$status"
  before="$(proven_release)"
  if [[ -z $before || ! -d $RELEASES/$before ]]; then
    warn 'There is nothing that could be put back: no release was seen to work here before.'
    exit $BROKEN
  fi
  set +e
  warn "Putting back what was there: release $before"
  restore_files
  link_atomically "$before" "$RELEASES/current"
  restart_all
  if said="$(self_test)"; then
    rm -rf "$UNDO"
    warn "Release $before was put back and works. The one that failed is still in $RELEASES/$RELEASE/."
    exit $PUT_BACK
  fi
  warn "Release $before was put back, and does not work either: ${said#arleo: }"
  exit $BROKEN
}

restore_files() {
  local saved file
  while IFS= read -r -d '' saved; do
    file="${saved#"$UNDO/files"}"
    case "$file" in
      *.missing) rm -f "${file%.missing}" ;;
      *.new) ;;
      *) write_restored "$saved" "$file" ;;
    esac
  done < <(find "$UNDO/files" -type f -print0)
}

write_restored() {
  local text
  read_text text "$1"
  write_atomically "$2" 644 root:root "$text"
}

restart_all() {
  local unit
  systemctl daemon-reload
  for unit in $(items service); do
    ! is_complete "$unit" || { quietly systemctl restart "$unit" && remember_start "$unit" "$(service_stamp "$unit")"; }
  done
  ! is_role nuc || load_nginx
}
