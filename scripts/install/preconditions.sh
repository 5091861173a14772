# shellcheck shell=bash
# What has to be so before anything is changed. Sourced by install.sh.

readonly NODE_MINIMUM=20.19.0 SYSTEMD_MINIMUM=254 FREE_MINIMUM_MB=700

check_host() {
  [[ $EUID -eq 0 ]] || fatal $PRECONDITION 'this is for root' 'Run it with sudo.'
  command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
    fatal $PRECONDITION 'this system has no apt-get' 'Debian 13 (or newer) is what Arleo is installed on.'
  [[ -d /run/systemd/system ]] || fatal $PRECONDITION 'this system does not run under systemd' 'Boot it with systemd: the services are its units.'
  local version
  version="$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')"
  [[ ${version:-0} -ge $SYSTEMD_MINIMUM ]] || fatal $PRECONDITION "systemd is ${version:-unknown}; $SYSTEMD_MINIMUM is needed" 'Debian 13 has it.'
  local folder free
  for folder in /usr/local /var /etc; do
    free="$(($(stat -f -c '%a * %S' "$folder") / 1048576))"
    [[ $free -ge $FREE_MINIMUM_MB || $ACTION != install ]] ||
      fatal $PRECONDITION "there are only $free MB free for $folder" "Make room: $FREE_MINIMUM_MB MB are needed."
  done
}

# take_lock: one at a time, for as long as this process lives. A dry run writes nothing, not even this.
take_lock() {
  [[ -z $DRY_RUN ]] || return 0
  exec 9>/run/arleo-install.lock
  flock --nonblock 9 || fatal $LOCKED 'another install.sh is at work' 'Wait until it has ended, then run this again.'
}

# check_node: after the packages are there.
check_node() {
  local version
  [[ -n $DRY_RUN ]] && return
  [[ -x /usr/bin/node ]] || fatal $PRECONDITION 'there is no /usr/bin/node' "Install Node $NODE_MINIMUM or newer there, as the package nodejs."
  version="$(/usr/bin/node --version)"
  [[ "$(printf '%s\n' "${version#v}" "$NODE_MINIMUM" | sort -V | head -n 1)" == "$NODE_MINIMUM" ]] ||
    fatal $PRECONDITION "/usr/bin/node is ${version#v}; $NODE_MINIMUM is needed" 'Take the nodejs of Debian 13, or of nodesource.com.'
}
