# shellcheck shell=bash
# What takes the place of what, and how the host goes on. Sourced by restore.sh.

# occupied PATH: is something there? What a file system of its own begins with is nothing.
occupied() { [[ -e $1 && ! -d $1 ]] || [[ -d $1 && -n "$(find "$1" -mindepth 1 -maxdepth 1 ! -name lost+found -print -quit)" ]]; }

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

# role: what install.sh calls a host with these units.
role() {
  case " ${ABOUT[UNITS]} " in
    *' hugo-mcp '*' mcp-oauth-proxy '* | *' mcp-oauth-proxy '*' hugo-mcp '*) echo all ;;
    *' hugo-mcp '*) echo vm ;;
    *) echo nuc ;;
  esac
}

# check_release: where install.sh made the host, it makes the new one; units and code that came by hand have to be there.
check_release() {
  local unit missing=() ours
  ours="$(cat "$HERE/../VERSION" 2>/dev/null || "$HERE/arleo.js" --version)"
  [[ "$(printf '%s\n' "$ours" "${ABOUT[VERSION]:-}" | sort -V | tail -n 1)" == "$ours" ]] ||
    fatal "the archive was made by Arleo ${ABOUT[VERSION]}, and this is the older $ours" "Use restore.sh of Arleo ${ABOUT[VERSION]}, or of a newer one."
  if [[ ${ABOUT[INSTALLED]:-} == yes ]]; then
    [[ -x $HERE/install.sh ]] || fatal "$HERE/install.sh is missing" 'Run the restore.sh of an unpacked release.'
    # shellcheck disable=SC2034  # items reads it.
    ANSWER[ROLE]="$(role)"
    mapfile -t MISSING < <(items package | not_installed)
    return
  fi
  for unit in ${ABOUT[UNITS]}; do
    [[ -e /etc/systemd/system/$unit.service && -e /usr/local/lib/$unit/main.js ]] || missing+=("$unit")
  done
  [[ ${#missing[@]} -eq 0 ]] || fatal "not installed here: ${missing[*]}" 'Its host was set up by hand: bring units and code first, without starting them.'
}

# install_missing: before nginx's configuration is there, which its package would try to start it with.
install_missing() {
  [[ ${#MISSING[@]} -gt 0 ]] || return 0
  info "installing ${MISSING[*]}"
  bring_packages "${MISSING[@]}" >&2 || fatal "could not install ${MISSING[*]}" "$MEND_PACKAGES Nothing was restored."
}

# make_users: those of the services, and every other of the archive has to be here. A number would be somebody else's.
make_users() {
  local unit name missing=() files=()
  for unit in ${ABOUT[UNITS]}; do
    [[ ! -e $HERE/../infra/systemd/sysusers.d/$unit.conf ]] || files+=("$(realpath "$HERE/../infra/systemd/sysusers.d/$unit.conf")")
  done
  systemd-sysusers "${files[@]}"
  for name in ${ABOUT[USERS]:-}; do
    [[ $name =~ ^[0-9]+$ ]] || getent passwd "$name" >/dev/null || missing+=("user $name")
  done
  for name in ${ABOUT[GROUPS]:-}; do
    [[ $name =~ ^[0-9]+$ ]] || getent group "$name" >/dev/null || missing+=("group $name")
  done
  [[ ${#missing[@]} -eq 0 ]] ||
    fatal "files of the archive belong to whom this host does not know: ${missing[*]}" 'Make them first: adduser --system NAME, addgroup --system NAME.'
}

# check_disks: before anything is stopped or moved. A disk cannot be moved aside.
check_disks() {
  local one
  while IFS= read -r one; do
    [[ ! -e $STAGE/$one ]] || ! mountpoint --quiet "/$one" || ! occupied "/$one" ||
      fatal "/$one is a disk with something on it" 'Nothing was changed. Empty it yourself, then run this again.'
  done < <(all_places)
}

stop_timers() {
  local unit
  for unit in arleo-backup arleo-cert-renew; do
    ! systemctl is-active --quiet "$unit.timer" || { TIMERS+=("$unit.timer") && systemctl stop "$unit.timer" "$unit.service"; }
  done
}

stop_units() {
  local unit
  CHANGING=yes
  stop_timers
  for unit in ${ABOUT[UNITS]}; do
    ! systemctl is-active --quiet "$unit" || { info "stopping $unit" && systemctl stop "$unit"; }
  done
}

# place PATH: from the stage to where it belongs; what is there is kept beside.
place() {
  local from="$STAGE/$1" to="/$1"
  if mountpoint --quiet "$to"; then
    find "$from" -mindepth 1 -maxdepth 1 ! -name lost+found -exec mv -t "$to" -- {} +
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
    [[ -e $STAGE/$one || -L $STAGE/$one ]] || continue
    ! stays "$one" || { warn "/$one stays as it is: the backup's is not put there" && continue; }
    place "$one"
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

# start_units: by install.sh, which also proves that all of it works; or by hand, as they were set up.
start_units() {
  local unit failed=()
  if [[ ${ABOUT[INSTALLED]:-} == yes ]]; then
    "$HERE/install.sh" --yes --role "$(role)" </dev/null >&2 ||
      fatal 'everything is restored, and install.sh could not bring it up' "Mend what it says, then: $HERE/install.sh --yes"
    return
  fi
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
  [[ ${#TIMERS[@]} -eq 0 ]] || systemctl start "${TIMERS[@]}"
}
