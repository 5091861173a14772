# shellcheck shell=bash
# The packages of Debian. Sourced by install.sh.

# Another apt that is at work (the daily one, or one that an interrupted run has left) is waited for.
readonly APT=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300
  -o Dpkg::Options::=--force-confold)

install_packages() {
  local package missing=()
  while read -r package; do
    is_installed "$package" || missing+=("$package")
  done < <(items package)
  if [[ ${#missing[@]} -gt 0 ]]; then
    # What an interrupted run has left half done would keep apt from doing anything.
    if [[ -n "$(dpkg --audit 2>/dev/null)" ]]; then
      change 'finish the packages of an interrupted run' finish_packages
    fi
    change "install packages ${missing[*]}" fetch_packages "${missing[@]}"
  fi
  check_node
}

is_installed() { [[ "$(dpkg-query --show --showformat '${db:Status-Abbrev}' "$1" 2>/dev/null)" == 'ii ' ]]; }

finish_packages() {
  # Held back by a lock, dpkg gives up at once, unlike apt.
  local tries=60
  until quietly env DEBIAN_FRONTEND=noninteractive dpkg --configure -a --force-confold; do
    tries=$((tries - 1))
    [[ $tries -gt 0 ]] && dpkg_is_at_work || break
    sleep 5
  done
  quietly "${APT[@]}" --fix-broken install ||
    fatal $FAILED 'the packages of this system are broken' 'Mend them with dpkg --configure -a and apt-get -f install, then run this again.'
}

# dpkg_is_at_work: its locks are of fcntl, which flock does not see.
dpkg_is_at_work() { grep -qE ":($(stat -c %i /var/lib/dpkg/lock /var/lib/dpkg/lock-frontend 2>/dev/null | paste -sd '|')) " /proc/locks; }

fetch_packages() {
  quietly "${APT[@]}" update || fatal $FAILED 'apt-get update failed' 'See the lines above; check the network and /etc/apt/sources.list, then run this again.'
  quietly "${APT[@]}" install --no-install-recommends "$@" ||
    fatal $FAILED "could not install $*" 'See the lines above; mend what apt-get says, then run this again.'
}
