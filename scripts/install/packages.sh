# shellcheck shell=bash
# The packages of Debian. Sourced by install.sh.

# Another apt that is at work (the daily one, or one that an interrupted run has left) is waited for.
readonly APT=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300
  -o Dpkg::Options::=--force-confold)

install_packages() {
  local package missing=()
  while read -r package; do
    is_installed "$package" || missing+=("$package")
  done < <(items package)
  if [[ ${#missing[@]} -gt 0 ]]; then
    change 'update the lists of packages' update_lists
    # What an interrupted run has left half done would keep apt from doing anything.
    if [[ -n "$(dpkg --audit 2>/dev/null)" ]]; then
      change 'finish the packages of an interrupted run' finish_packages
    fi
    change "install packages ${missing[*]}" fetch_packages "${missing[@]}"
  fi
  check_node
}

is_installed() { [[ "$(dpkg-query --show --showformat '${db:Status-Abbrev}' "$1" 2>/dev/null)" == 'ii ' ]]; }

update_lists() {
  quietly "${APT[@]}" update || fatal $FAILED 'apt-get update failed' 'See the lines above; check the network and /etc/apt/sources.list, then run this again.'
}

finish_packages() {
  local torn
  # What else it cannot do, apt tries again below, and says.
  run_dpkg --configure -a >/dev/null 2>&1 || true
  mapfile -t torn < <(torn_packages)
  [[ ${#torn[@]} -eq 0 ]] || unpack_again "${torn[@]}" || packages_are_broken
  quietly "${APT[@]}" --fix-broken install || packages_are_broken
}

# torn_packages: those that dpkg was killed in the middle of. It does not go on with them, and apt takes them for installed.
torn_packages() {
  dpkg-query --show --showformat '${db:Status-Want} ${db:Status-Eflag} ${db:Status-Status} ${binary:Package}\n' |
    sed -nE 's/^(install|hold) (reinstreq [^ ]+|ok half-installed) //p'
}

# unpack_again PACKAGE...: by dpkg, since apt puts no package in order while another one lacks what it depends on.
unpack_again() {
  local folder status=0
  folder="$(mktemp -d)" || return
  chown _apt "$folder"
  (cd "$folder" && quietly "${APT[@]}" download "$@" && quietly run_dpkg --unpack ./*.deb) || status=$?
  rm -rf "$folder"
  return "$status"
}

packages_are_broken() {
  fatal $FAILED 'the packages of this system are broken' \
    'Mend them (dpkg --audit names them; dpkg --configure -a, apt-get --reinstall install NAME, apt-get -f install), then run this again.'
}

# run_dpkg ARGUMENT...: held back by a lock, dpkg gives up at once, unlike apt.
run_dpkg() {
  local tries=60
  until env DEBIAN_FRONTEND=noninteractive dpkg --force-confold "$@" </dev/null; do
    tries=$((tries - 1))
    [[ $tries -gt 0 ]] && dpkg_is_at_work || return 1
    sleep 5
  done
}

# dpkg_is_at_work: its locks are of fcntl, which flock does not see.
dpkg_is_at_work() { grep -qE ":($(stat -c %i /var/lib/dpkg/lock /var/lib/dpkg/lock-frontend 2>/dev/null | paste -sd '|')) " /proc/locks; }

fetch_packages() {
  quietly "${APT[@]}" install "$@" ||
    fatal $FAILED "could not install $*" 'See the lines above; mend what apt-get says, then run this again.'
}
