# shellcheck shell=bash
# The users of the services, their folders, and the site. Sourced by install.sh.

# make_users: by systemd's own ways, which also make the folders in /etc.
make_users() {
  local unit file
  for unit in $(items service) $(items timer); do
    for file in {sysusers,tmpfiles}.d/"$unit.conf"; do
      [[ ! -e $SOURCE/infra/systemd/$file ]] || put_source "${file%%.*} configuration" "$SOURCE/infra/systemd/$file" "/etc/$file"
    done
  done
  for unit in $(items service); do
    id -u "$unit" >/dev/null 2>&1 || change "create user $unit" quietly systemd-sysusers "/etc/sysusers.d/$unit.conf"
    [[ -d /etc/$unit ]] || { MADE_FOLDER[/etc/$unit]=yes && change "create directory /etc/$unit/" true; }
  done
  make_folder "$RECORD" 700 root:root
  make_folder /etc/arleo 700 root:root
  set_rights
}

# set_rights: the folders, and who may read what in there, as tmpfiles.d says it.
set_rights() {
  local unit
  [[ -z $DRY_RUN ]] || return 0
  for unit in $(items service) $(items timer); do
    [[ ! -e /etc/tmpfiles.d/$unit.conf ]] || quietly systemd-tmpfiles --create "/etc/tmpfiles.d/$unit.conf" ||
      fatal $FAILED "could not set the rights in the folders of $unit" 'See the lines above.'
  done
}

# put_source WHAT SOURCE FILE: as it is in the release.
put_source() {
  local text
  read_text text "$2"
  put_file "$1" "$3" 644 root:root "$text"
}

check_site() {
  local site="${ANSWER[SITE]:-}"
  is_role vm || return 0
  case "$site/" in
    // | /home/* | /root/* | /tmp/* | /var/tmp/* | /usr/* | /etc/* | /boot/* | /dev/* | /proc/* | /sys/* | /run/*)
      fatal $PRECONDITION "hugo-mcp cannot write to $site: its sandbox hides or locks that place" 'Move the site below /srv: --site /srv/site'
      ;;
    /var/lib/* | /var/log/* | /var/backups/* | /srv/ | /var/ | /opt/ | /mnt/ | /media/)
      fatal $PRECONDITION "$site is not a folder of the site alone" 'hugo-mcp gets all of it: give the site one of its own, --site /srv/site'
      ;;
  esac
  [[ ! -e $site || -d $site ]] || fatal $PRECONDITION "$site is no folder" 'Give --site the folder of the Hugo site.'
  is_empty "$site" || has_hugo_configuration "$site" ||
    fatal $PRECONDITION "$site has no configuration of Hugo" 'Give --site the folder in which hugo.toml (or config.toml, config/ …) is.'
}

is_empty() { [[ ! -e $1 || -z "$(ls -A "$1")" ]]; }

has_hugo_configuration() {
  local name
  [[ ! -d $1/config ]] || return 0
  for name in hugo.{toml,yaml,yml,json} config.{toml,yaml,yml,json}; do
    [[ ! -f $1/$name ]] || return 0
  done
  return 1
}

make_site() {
  local site="${ANSWER[SITE]:-}"
  is_role vm || return 0
  if is_empty "$site"; then
    change "create a small Hugo site in $site/" copy_starter "$site"
  elif ! id -u hugo-mcp >/dev/null 2>&1 || [[ -n "$(find "$site" ! -user hugo-mcp -print -quit)" ]]; then
    # Only what it owns can hugo-mcp change, and bring to another commit.
    change "give all of $site to the user hugo-mcp" chown -hR hugo-mcp:hugo-mcp "$site"
  fi
}

copy_starter() {
  local new="$1.arleo-new"
  rm -rf "$new"
  install_folder "$(dirname "$1")" 755 root:root
  cp -R "$SOURCE/infra/starter-site" "$new"
  chmod -R u=rwX,go=rX "$new"
  chown -R hugo-mcp:hugo-mcp "$new"
  sync --file-system "$new"
  mv -T "$new" "$1"
}
