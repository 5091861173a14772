# shellcheck shell=bash
# Brings packages of Debian, also after a run that was killed. Sourced by install.sh and restore.sh.

readonly APT=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300
  -o Dpkg::Options::=--force-confold)
readonly DPKG=(env DEBIAN_FRONTEND=noninteractive dpkg --force-confold)
# shellcheck disable=SC2034  # For those who call bring_packages.
readonly MEND_PACKAGES='See the lines above: mend the network, /etc/apt/sources.list or the packages (dpkg --audit and apt-get --fix-broken install name them), then run this again.'
readonly TORN=/var/cache/apt/arleo-torn

# not_installed: those of the packages on standard input, one a line, that are not there, or not whole.
not_installed() {
  local package
  while read -r package; do
    [[ "$(dpkg-query --show --showformat '${db:Status-Abbrev}' "$package" 2>/dev/null)" == 'ii ' ]] || printf '%s\n' "$package"
  done
}

# bring_packages PACKAGE...: status 0 if all of them are installed. What apt and dpkg say is said; the last lines are why it failed.
bring_packages() {
  patiently "${APT[@]}" update || return
  finish_interrupted || return
  # An upgrade that was broken off leaves whole packages that do not go together. Nothing of the owner's is removed for it.
  patiently "${APT[@]}" --fix-broken --no-remove install && patiently "${APT[@]}" install "$@"
}

# finish_interrupted: what a run that was killed has left half done would keep apt from doing anything.
finish_interrupted() {
  local torn
  rm -rf "$TORN"
  # What it cannot do, apt tries again afterwards, and says.
  patiently "${DPKG[@]}" --configure -a >/dev/null 2>&1 || true
  mapfile -t torn < <(torn_packages)
  [[ ${#torn[@]} -eq 0 ]] || unpack_again "${torn[@]}"
}

# torn_packages: those that dpkg was killed in the middle of. It does not go on with them, and apt with some only.
torn_packages() {
  dpkg-query --show --showformat '${db:Status-Want} ${db:Status-Eflag} ${binary:Package}\n' | sed -n 's/^install reinstreq //p'
}

# unpack_again PACKAGE...: by dpkg, since apt reinstalls no package while another one lacks what it depends on.
unpack_again() {
  install -d -o _apt "$TORN" || return
  # The user that apt fetches as has no hand in what root unpacks.
  (cd "$TORN" && patiently "${APT[@]}" download "$@" && chown -R root:root . && patiently "${DPKG[@]}" --unpack ./*.deb) || return
  rm -rf "$TORN"
}

# patiently COMMAND...: tried again, for five minutes, while another apt holds it back: the daily one, or an interrupted run's.
patiently() {
  local end=$((SECONDS + 300))
  until "$@" </dev/null; do
    [[ $SECONDS -lt $end ]] && is_apt_at_work || return 1
    sleep 5
  done
}

# is_apt_at_work: its locks, and dpkg's, are of fcntl, which flock does not see.
is_apt_at_work() {
  local inodes
  inodes="$(stat -c %i /var/lib/dpkg/lock{,-frontend} /var/lib/apt/lists/lock /var/cache/apt/archives/lock 2>/dev/null | paste -sd '|')"
  grep -qE ":($inodes) " /proc/locks
}
