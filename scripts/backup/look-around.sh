# shellcheck shell=bash
# What there is to back up on this host, and what could be thought to be in the archive and would not. Sourced by backup.sh.

# look_around: what is on this host.
look_around() {
  local unit
  for unit in "${UNITS[@]}"; do
    [[ ! -e /etc/$unit/.env && ! -e /etc/systemd/system/$unit.service ]] || ON_HOST+=("$unit")
  done
  [[ ${#ON_HOST[@]} -gt 0 ]] || fatal 'nothing of Arleo is installed here' 'Run it on a host of Arleo.'
  for unit in "${ON_HOST[@]}"; do
    check_places_of "$unit"
  done
  if [[ -d /var/lib/hugo-mcp ]]; then
    SITE="$(environment_of hugo-mcp | sed -n 's/^SITE_DIR=//p')"
    SITE="$(realpath -- "${SITE:-$SITE_DEFAULT}")" || fatal "the site ${SITE:-$SITE_DEFAULT} is not there" 'Mount its disk.'
  fi
  if grep -rqsE '^(Environment=)?"?STATE_URL(_FILE)?=' /etc/mcp-oauth-proxy/.env /etc/systemd/system/mcp-oauth-proxy.service.d; then
    OAUTH_STATE=redis
    warn 'the OAuth state is in Redis (STATE_URL) and NOT in this archive: back Redis up by its own means'
  elif [[ -e /$LMDB ]]; then
    OAUTH_STATE=lmdb
  fi
  find_certificate
  check_links
}

# environment_of UNIT: what systemd sets for it, one variable a line.
environment_of() { systemctl show -P Environment "$1" 2>/dev/null | tr ' ' '\n' || true; }

# check_places_of UNIT: its state is where it is looked for.
check_places_of() {
  local unit="$1" name value
  while IFS='=' read -r name value; do
    case "$name:$value/" in
      STATE_DIR:/var/lib/"$unit"/* | TOKENS_FILE:/var/lib/"$unit"/* | AUDIT_LOG:/var/log/"$unit"/*) ;;
      STATE_DIR:* | TOKENS_FILE:* | AUDIT_LOG:*)
        fatal "$unit has $name=$value, which no backup looks into" "Leave it in /var/lib/$unit or /var/log/$unit, and mount a disk there." 78
        ;;
    esac
  done < <(environment_of "$unit")
}

# find_certificate: without it nginx does not start on the next host.
find_certificate() {
  local file
  while IFS= read -r file; do
    case "$file" in
      /etc/letsencrypt/*) [[ " ${TLS[*]} " == *' etc/letsencrypt '* ]] || TLS+=(etc/letsencrypt) ;;
      /etc/arleo/* | /etc/nginx/arleo/*) ;;
      *)
        [[ $file =~ ^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$ && -f $file ]] ||
          fatal "nginx names the certificate or key $file, which cannot be backed up" 'Is it there? Give it a path of letters, digits, dots and dashes.'
        TLS+=("${file#/}")
        ;;
    esac
  done < <(sed -nE 's/^[[:space:]]*ssl_certificate(_key)?[[:space:]]+"?([^";]+)"?;.*/\2/p' /etc/nginx/conf.d/mcp.conf 2>/dev/null | sort -u)
}

# check_links: of a place that is a link, the link alone would be in the archive.
check_links() {
  local place
  for place in "${PLACES[@]}"; do
    [[ ! -e /$place && ! -L /$place || "$(realpath -m -- "/$place")" == "/$place" ]] ||
      fatal "/$place is a link, and what it leads to would be in no archive" "Mount it there instead: mount --bind $(realpath -m -- "/$place") /$place" 78
  done
}

# stage_certificate: what a link leads to, too.
stage_certificate() {
  local file
  for file in "${TLS[@]}"; do
    [[ $file != etc/letsencrypt ]] || continue
    stage "$file"
    cp -L --preserve=mode "/$file" "$RUN/staged/$file"
    chown --reference="/$file" "$RUN/staged/$file"
  done
}
