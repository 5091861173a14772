# shellcheck shell=bash
# Taking it off again, and what is said at the end. Sourced by install.sh.

uninstall() {
  local unit part
  if [[ $ACTION == purge && -z $YES && -z $DRY_RUN ]]; then
    confirm_purge
  fi
  stop_all
  for unit in $(items service) $(items timer); do
    remove_path "$UNITS_DIR/$unit.service" "$UNITS_DIR/$unit.timer" "$UNITS_DIR/$unit.service.d/site-machine.conf" \
      "$UNITS_DIR/$unit.service.d/front-machine.conf" "$UNITS_DIR/$unit.service.d/site.conf"
    [[ -n $DRY_RUN ]] || rmdir "$UNITS_DIR/$unit.service.d" 2>/dev/null || true
  done
  remove_nginx
  for part in $(items service) $(items timer); do
    remove_path "/etc/sysusers.d/$part.conf" "/etc/tmpfiles.d/$part.conf" "/usr/local/lib/$part"
  done
  for part in $(items command); do
    remove_path "/usr/local/bin/$part"
  done
  remove_path /usr/local/lib/arleo "$RELEASES" "$RECORD/written" "$RECORD/proven" "$RECORD/before" "$RECORD/started" "$RECORD/joined-tokens.json" "$UNDO"
  change 'reload systemd' systemctl daemon-reload
  if systemctl is-active --quiet nginx; then
    change 'reload nginx.service' quietly systemctl reload nginx || warn 'nginx did not reload; see: nginx -t'
  fi
  [[ $ACTION != purge ]] || purge
  [[ -n $DRY_RUN ]] || good 'Arleo is off this host. Packages of Debian stay; so does the site.'
  [[ $ACTION == purge || -n $DRY_RUN ]] ||
    info 'Secrets and data stay in /etc, /var/lib and /var/log: install.sh takes them up again, install.sh --purge removes them.'
}

# remove_nginx: what the owner has changed, or written in the same place, is put aside where nginx does not read it.
remove_nginx() {
  local file
  while IFS= read -r -d '' file; do
    if is_ours "$file" || [[ $file == *.arleo-new ]]; then
      remove_path "$file"
    else
      change "move $file to $file.by-hand" mv -fT "$file" "$file.by-hand"
    fi
  done < <(find /etc/nginx/conf.d/mcp.conf /etc/nginx/conf.d/mcp.conf.arleo-new /etc/nginx/arleo -type f ! -name '*.by-hand' -print0 2>/dev/null)
  [[ -n $DRY_RUN || ! -d /etc/nginx/arleo ]] || find /etc/nginx/arleo -depth -type d -empty -delete
}

confirm_purge() {
  local reply=''
  [[ -t 0 ]] || fatal $USAGE '--purge removes secrets, data and the history of the content for good' 'Without a terminal, say that it is meant: --purge --yes'
  read -r -p 'Secrets, data and the history of the content go for good. Type purge to go on: ' reply || true
  [[ $reply == purge ]] || fatal $USAGE 'not confirmed; nothing was changed' 'Type the word, or give --yes.'
}

stop_all() {
  local unit units=()
  for unit in $(items timer); do
    units+=("$unit.timer")
  done
  for unit in $(items service); do
    units+=("$unit.service")
  done
  for unit in "${units[@]}"; do
    [[ ! -e $UNITS_DIR/$unit ]] || change "stop and disable $unit" quietly systemctl disable --now "$unit"
  done
}

purge() {
  local unit site="${ANSWER[SITE]:-}"
  # Its user is gone then, and another could get the same number.
  if [[ -n $site && -d $site ]] && is_role vm && id -u hugo-mcp >/dev/null 2>&1; then
    change "give all of $site to root" chown -hR --from=hugo-mcp root:root "$site"
  fi
  for unit in $(items service); do
    remove_path "/etc/$unit" "/var/lib/$unit" "/var/log/$unit"
    ! id -u "$unit" >/dev/null 2>&1 || change "remove user $unit" quietly userdel "$unit"
  done
  remove_path /etc/arleo "$RECORD"
}

# say_next: what is left to the owner.
say_next() {
  local lacking
  [[ -z $DRY_RUN ]] || return 0
  lacking="$(lacks)"
  if [[ -n $lacking ]]; then
    good "Installation complete on this host; it still needs $lacking"
    say_join
    return
  fi
  good 'Installation complete'
  case "${ANSWER[ROLE]}" in
    vm) say_join ;;
    *) say_connect ;;
  esac
}

say_join() {
  local other=vm here
  [[ ${ANSWER[ROLE]} == nuc ]] || other=nuc
  here="$(join_file "$other")"
  cat <<NEXT

Next, for the other host:
  1. copy $here to it, with scp; its SHA-256 is
     $(sha256sum "$here" | cut -c 1-64)
  2. there: ./install.sh --role $other --join ${here##*/}
NEXT
}

# ask_passphrase: at a terminal, now; it can be set later as well.
ask_passphrase() {
  [[ -z $YES && -t 0 && ! -s /etc/mcp-oauth-proxy/owner.json ]] || return 0
  info 'Choose the passphrase that you log in with (Ctrl-C to do it later)'
  /usr/local/bin/arleo owner set-passphrase || true
}

say_connect() {
  local number=1
  ask_passphrase
  printf '\nNext:\n'
  if [[ ! -s /etc/mcp-oauth-proxy/owner.json ]]; then
    printf '  %d. set the passphrase that you log in with: arleo owner set-passphrase\n' $number
    number=$((number + 1))
  fi
  if [[ -z ${ANSWER[TLS_CERTIFICATE]:-} ]]; then
    printf '  %d. %s has a self-signed certificate, which Claude does not take: get one that browsers trust (certbot, or\n' $number "${ANSWER[DOMAIN]}"
    printf '     an origin certificate of Cloudflare), then: /usr/local/lib/arleo/install.sh --tls-certificate FILE --tls-key FILE\n'
    number=$((number + 1))
  fi
  printf '  %d. Claude.ai: Settings, Connectors, Add custom connector: https://%s/mcp\n' $number "${ANSWER[DOMAIN]}"
  printf '     Advanced settings may stay empty; or CLIENT_ID and CLIENT_SECRET of %s\n' "$OAUTH_ENV"
}
