# shellcheck shell=bash
# What is changed of a host that works can be put back: its units, its nginx, which release is run, and what was answered
# otherwise than before. Secrets, and settings that are new, stay. Sourced by install.sh.

readonly UNDO="$RECORD/undo"
CHANGING=''
# Settings that this run has given another value: file, name and the value before, in turn. And the answers before.
CHANGED_SETTINGS=()
ANSWERS_BEFORE=''

# begin_changes: from here on a run that fails puts back what was there. One that was killed left its saved files, and
# they stay the ones to go back to.
begin_changes() {
  [[ -z $DRY_RUN ]] || return 0
  install -d -m 700 "$UNDO/files" "$RECORD/started"
  CHANGING=yes
  trap put_back EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  # The program that reads what this says is gone: bash would end without the trap above.
  trap 'exit 141' PIPE
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
  local lacking said
  lacking="$(lacks)"
  if [[ -n $lacking || -n $DRY_RUN ]]; then
    [[ -n $lacking ]] || echo "[DRY-RUN] Would prove that it works: arleo self-test --role ${ANSWER[ROLE]}"
    return 0
  fi
  info 'Asking each hop, and making a signed call through them'
  said="$(works)" || fatal $FAILED 'what was installed does not work' "${said#arleo: }"
  printf '%s\n' "$said" | sed 's/^/    /'
}

self_test() { /usr/bin/node /usr/local/lib/arleo/arleo.js self-test --role "${ANSWER[ROLE]}" 2>&1; }

# works: what the last question said. Asked several times, for services that were just started may still have much to do.
works() {
  local tries=5 said
  until said="$(self_test)"; do
    tries=$((tries - 1))
    [[ $tries -gt 0 ]] || break
    sleep 2
  done
  printf '%s\n' "$said"
  [[ $tries -gt 0 ]]
}

# keep_changes: all is well, so this is what a later run goes back to.
keep_changes() {
  [[ -z $DRY_RUN ]] || return 0
  CHANGING=''
  trap - EXIT HUP INT PIPE TERM
  local before
  before="$(proven_release)"
  if [[ -z "$(lacks)" ]]; then
    [[ $before == "$RELEASE" ]] || write_record before "$before"
    [[ $before == "$RELEASE" ]] || write_record proven "$RELEASE"
  fi
  rm -rf "$UNDO"
  remove_old_releases "$(cat "$RECORD/before" 2>/dev/null || true)"
}

# put_back: at the end of a run that failed after begin_changes. Neither another Ctrl-C nor the end of a terminal or pipe
# that it writes to leaves it half done.
put_back() {
  local status=$? before said
  trap - EXIT
  trap '' HUP INT PIPE TERM
  [[ -n $CHANGING && $status -ne 0 ]] || exit "$status"
  set +e
  before="$(proven_release)"
  if [[ -z $before || ! -d $RELEASES/$before ]]; then
    spare_nginx
    warn 'There is nothing that could be put back: no release was seen to work here before.'
    say_unjoined
    exit $BROKEN
  fi
  warn "Putting back what was there: release $before"
  restore_files "$UNDO/files"
  restore_settings
  link_atomically "$before" "$RELEASES/current"
  # What it says on its way out would be about another run.
  (restart_all) || true
  if said="$(works)"; then
    rm -rf "$UNDO"
    warn "Release $before was put back and works. The one that failed is still in $RELEASES/$RELEASE/."
    exit $PUT_BACK
  fi
  warn "Release $before was put back, and does not work either: ${said#arleo: }"
  exit $BROKEN
}

# spare_nginx: a configuration that nginx does not take would keep the owner's other sites from starting again.
spare_nginx() {
  is_role nuc || return 0
  ! nginx -t >/dev/null 2>&1 || return 0
  warn 'Taking the configuration of nginx back'
  [[ ! -d $UNDO/files/etc/nginx ]] || restore_files "$UNDO/files/etc/nginx"
}

# say_unjoined: where the site's host came first, it may only not know of this one yet.
say_unjoined() {
  [[ ${ANSWER[ROLE]} == nuc && -s $PINNED_CRT ]] || return 0
  warn "This is expected while the site's host has not taken what it has to know of this one; after that, run this again."
  say_join
}

# restore_settings: those that were answered otherwise in this run; secrets stay as they are, since tokens of others follow them.
restore_settings() {
  local number
  for ((number = 0; number < ${#CHANGED_SETTINGS[@]}; number += 3)); do
    read_env "${CHANGED_SETTINGS[number]}"
    set_env "${CHANGED_SETTINGS[number + 1]}" "${CHANGED_SETTINGS[number + 2]}"
    write_atomically "${CHANGED_SETTINGS[number]}" 600 root:root "$ENV_TEXT"
  done
  [[ -z $ANSWERS_BEFORE ]] || write_atomically "$ANSWERS_FILE" 644 root:root "$ANSWERS_BEFORE"
}

# restore_files FOLDER: what was saved in there.
restore_files() {
  local saved file
  while IFS= read -r -d '' saved; do
    file="${saved#"$UNDO/files"}"
    case "$file" in
      *.missing) rm -f "${file%.missing}" ;;
      *.new) ;;
      *) write_restored "$saved" "$file" ;;
    esac
  done < <(find "$1" -type f -print0)
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
