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

# check_ports: a program that has one of ours would only be found when a service does not start.
check_ports() {
  local unit address port
  while read -r unit address port; do
    systemctl is-active --quiet "$unit" || ! is_taken "$address" "$port" ||
      fatal $PRECONDITION "port $port, which $unit needs, is taken by another program" "See which: ss -ltnp 'sport = :$port'; stop it, or give it another port."
  done < <(ports)
}

# ports: unit, address and port of all that this host will listen to.
ports() {
  if is_role nuc; then
    read_env "$OAUTH_ENV" && echo "mcp-oauth-proxy ${ENV_VALUE[HOST]:-127.0.0.1} ${ENV_VALUE[PORT]:-8083}"
    read_env "$PROXY_ENV" && echo "hugo-mcp-proxy ${ENV_VALUE[HOST]:-127.0.0.1} ${ENV_VALUE[PORT]:-8084}"
    echo 'nginx 127.0.0.1 443'
  fi
  if is_role vm; then
    read_env "$SERVER_ENV" && echo "hugo-mcp ${ENV_VALUE[HOST]:-${ANSWER[VM_ADDRESS]:-127.0.0.1}} ${ENV_VALUE[PORT]:-8000}"
  fi
}

# A service that is just being stopped or started still has its own.
is_taken() {
  # shellcheck disable=SC2016  # It is for the shell that may have to be given up: an address may be silent.
  [[ ! -e $RELEASES/current ]] && timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null
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
