# shellcheck shell=bash
# The units of systemd: services with what they may reach, and timers. Sourced by install.sh.

readonly UNITS_DIR=/etc/systemd/system

write_units() {
  local unit
  for unit in $(items service); do
    put_managed 'systemd unit' "$UNITS_DIR/$unit.service" "$(<"$SOURCE/infra/systemd/$unit.service")"
  done
  for unit in $(items timer); do
    put_managed 'systemd unit' "$UNITS_DIR/$unit.service" "$(<"$SOURCE/infra/systemd/$unit.service")"
    put_managed 'systemd timer' "$UNITS_DIR/$unit.timer" "$(<"$SOURCE/infra/systemd/$unit.timer")"
  done
  [[ ${ANSWER[ROLE]} != nuc ]] || put_address hugo-mcp-proxy site-machine "${ANSWER[VM_ADDRESS]}"
  [[ ${ANSWER[ROLE]} != vm ]] || put_address hugo-mcp front-machine "${ANSWER[NUC_ADDRESS]}"
  ! is_role vm || put_site "$UNITS_DIR/hugo-mcp.service.d/site.conf"
}

# put_site FILE: where the site is, if not where the unit has it. The unit's own place may not even exist, so it is dropped.
put_site() {
  if [[ ${ANSWER[SITE]} != /srv/site ]]; then
    put_managed 'systemd drop-in' "$1" \
      "[Service]"$'\n'"Environment=SITE_DIR=${ANSWER[SITE]}"$'\n'"ReadWritePaths="$'\n'"ReadWritePaths=${ANSWER[SITE]}"
  elif [[ -e $1 ]]; then
    [[ -z $CHANGING ]] || save "$1" ''
    CHANGED_FILES+=("$1")
    remove_path "$1"
  fi
}

# put_address UNIT NAME ADDRESS: a drop-in of the release, with the address of this installation.
put_address() {
  local text
  text="$(sed "s/^IPAddressAllow=.*/IPAddressAllow=$3/" "$SOURCE/infra/systemd/drop-ins/$1.service.d/$2.conf")"
  put_managed 'systemd drop-in' "$UNITS_DIR/$1.service.d/$2.conf" "$text"
}

# start_services: those that changed, or do not run. One that still lacks something of the other host waits for it.
start_services() {
  local unit waiting=() started=()
  for unit in $(items service); do
    if is_complete "$unit"; then
      is_started "$unit" "$(service_stamp "$unit")" || waiting+=("$unit")
    fi
  done
  for unit in $(items timer); do
    is_started "$unit.timer" "$(timer_stamp "$unit")" || waiting+=("$unit.timer")
  done
  started=("${waiting[@]/%/.service}")
  started=("${started[@]/%.timer.service/.timer}")
  if [[ ${#waiting[@]} -gt 0 ]]; then
    change "reload systemd and restart ${started[*]}" restart_units "${started[@]}"
  fi
  start_nginx
}

# is_complete UNIT: are the files there that systemd hands to it?
is_complete() {
  local file
  [[ -z $DRY_RUN ]] || return 0
  while read -r file; do
    [[ -s $file ]] || return 1
  done < <(sed -n 's/^LoadCredential=[^:]*:\(\/.*\)/\1/p' "$UNITS_DIR/$1.service")
  [[ $1 != hugo-mcp || -s $(tokens_file) ]]
}

restart_units() {
  local unit name
  systemctl daemon-reload
  for unit in "$@"; do
    name="${unit%.service}"
    systemctl enable --quiet "$unit"
    quietly systemctl restart "$unit" || fatal $FAILED "$unit does not start" "See: journalctl -u $name"
    if [[ $unit == *.timer ]]; then
      remember_start "$unit" "$(timer_stamp "${unit%.timer}")"
    else
      remember_start "$name" "$(service_stamp "$name")"
    fi
  done
}

# is_started UNIT STAMP: does it run, and with all that makes it up as it is now, or would be after a dry run?
is_started() {
  local file
  for file in ${DRY_RUN:+"${CHANGED_FILES[@]}"}; do
    case "$file" in
      "/etc/$1/"* | "$UNITS_DIR/$1."* | "$UNITS_DIR/${1%.timer}.service.d/"* | "$RELEASES/current") return 1 ;;
    esac
  done
  [[ "$(cat "$RECORD/started/$1" 2>/dev/null)" == "$2" ]] && systemctl is-active --quiet "$1" && systemctl is-enabled --quiet "$1"
}

remember_start() { write_record "started/$1" "$2"; }

# write_record NAME TEXT: a line of the installer's own record.
write_record() {
  install -d -m 700 "$(dirname "$RECORD/$1")"
  remove_leftovers "$RECORD/$1"
  write_atomically "$RECORD/$1" 600 root:root "$2"$'\n'
}

# service_stamp UNIT: what it was started from; what it reads again by itself does not count.
service_stamp() {
  local again=(! -name owner.json ! -name webhook-secret ! -name '*.lock' ! -name '.*.arleo.*')
  [[ $1 != hugo-mcp ]] || again+=(! -name 'server.*' ! -name 'next.*')
  {
    current_release
    cat "$UNITS_DIR/$1.service" "$UNITS_DIR/$1.service.d"/*.conf 2>/dev/null
    find "/etc/$1" -maxdepth 1 -type f "${again[@]}" -print0 2>/dev/null |
      LC_ALL=C sort -z | xargs -0 -r sha256sum
  } | sha256sum | cut -c 1-64
}

timer_stamp() { cat "$UNITS_DIR/$1.service" "$UNITS_DIR/$1.timer" 2>/dev/null | sha256sum | cut -c 1-64; }
