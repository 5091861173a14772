#!/usr/bin/env bash
# Prints the folders that the file system of a test host is stacked from (overlayfs: lowerdir=…): a minimal Debian under
# systemd and, over it, the packages asked for. What is missing is made; what was made once is kept and used again.
#
#   layer.sh [--offered] [PACKAGE...]
#
#   --offered   the packages are not installed: apt finds them, and what they need, in an archive on the host's own disk,
#               and knows no other
#
# The mirror is the one that this machine's own apt sources name.
#
# Environment:
#   ARLEO_HOSTS_CACHE   where the layers are kept (default: /var/cache/arleo-test-hosts); delete it to have newer packages
set -euo pipefail

SUITE=trixie
CACHE="${ARLEO_HOSTS_CACHE:-/var/cache/arleo-test-hosts}"

# fatal MESSAGE REMEDY
fatal() {
  printf 'error: %s\n       %s\n' "$1" "$2" >&2
  exit 1
}

check_machine() {
  local program missing=()
  [[ $EUID -eq 0 ]] || fatal 'test hosts are booted by root' 'Run the tests as root.'
  for program in systemd-nspawn:systemd-container debootstrap:debootstrap ip:iproute2 nsenter:util-linux; do
    command -v "${program%%:*}" >/dev/null || missing+=("${program##*:}")
  done
  [[ ${#missing[@]} -eq 0 ]] ||
    fatal "test hosts need ${missing[*]}" "Run: apt-get install -y --no-install-recommends ${missing[*]}"
  grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null ||
    fatal 'this kernel has no overlayfs' 'Run the tests on a machine (not in a container) that has it.'
  [[ -d /sys/fs/cgroup/unified || -f /sys/fs/cgroup/cgroup.controllers ]] ||
    fatal 'this machine has no unified cgroup hierarchy' 'Mount cgroup2; IPAddressDeny= has no effect without it.'
}

# mirror: the Debian archive that this machine itself is installed from.
mirror() {
  local uri
  # shellcheck disable=SC2016  # The format is apt-get's.
  uri="$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' | sed -n 's/^Debian //p' | head -n 1)"
  [[ -n $uri ]] || fatal "this machine's apt sources name no Debian archive" 'Run apt-get update; test hosts are installed from that archive.'
  printf '%s\n' "$uri"
}

make_base() {
  local base="$1" new="$1.new"
  printf 'making the base system of the test hosts (once, about a minute)\n' >&2
  rm -rf "$new"
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,ca-certificates "$SUITE" "$new" "$(mirror)" >"$CACHE/debootstrap.log" 2>&1 ||
    { tail -n 20 "$CACHE/debootstrap.log" >&2 && fatal 'debootstrap failed' "See the lines above, or $CACHE/debootstrap.log."; }
  # Every host has a name and an identity of its own.
  rm -f "$new/etc/hostname"
  : >"$new/etc/machine-id"
  mv "$new" "$base"
}

# Runs in a mount namespace of its own: the mount goes when the shell does.
install_packages() {
  local base="$1" new="$2"
  shift 2
  mount -t overlay overlay -o "lowerdir=$base,upperdir=$new,workdir=$new.work" "$new.root"
  systemd-nspawn --quiet --register=no --keep-unit --directory="$new.root" --pipe /bin/bash -ceu '
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends "$@"
    apt-get clean
    rm -rf /var/lib/apt/lists/*' install "$@"
}

# The same for an archive of packages, as apt reads one from a disk.
offer_packages() {
  local base="$1" new="$2"
  shift 2
  mount -t overlay overlay -o "lowerdir=$base,upperdir=$new,workdir=$new.work" "$new.root"
  # shellcheck disable=SC2016  # It is for the shell on the host.
  systemd-nspawn --quiet --register=no --keep-unit --directory="$new.root" --pipe /bin/bash -ceu '
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends --download-only "$@"
    mkdir -p /var/local/archive
    mv /var/cache/apt/archives/*.deb /var/local/archive/
    cd /var/local/archive
    for file in *.deb; do
      dpkg-deb --field "$file"
      printf "Filename: ./%s\nSize: %s\nSHA256: %s\n\n" "$file" "$(stat -c %s "$file")" "$(sha256sum "$file" | cut -d " " -f 1)"
    done >Packages
    rm -rf /etc/apt/sources.list.d/* /var/lib/apt/lists/*
    echo "deb [trusted=yes] file:/var/local/archive ./" >/etc/apt/sources.list
    apt-get clean' offer "$@"
}

# make_layer HOW BASE LAYER PACKAGE...
make_layer() {
  local how="$1" base="$2" layer="$3" new="$3.new" log="$CACHE/install.log"
  shift 3
  printf '%s for the test hosts (once): %s\n' "$how" "$*" >&2
  rm -rf "$new" "$new.work" "$new.root"
  mkdir -p "$new" "$new.work" "$new.root"
  export -f install_packages offer_packages
  unshare --mount --propagation private bash -ceu '"$@"' bash "$how" "$base" "$new" "$@" </dev/null >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2 && fatal "could not do $how $*" "See the lines above, or $log."; }
  rm -rf "$new.work" "$new.root"
  mv "$new" "$layer"
}

main() {
  check_machine
  local base="$CACHE/$SUITE" layer packages=() how=install_packages mark=''
  if [[ ${1:-} == --offered ]]; then
    how=offer_packages mark=+offered
    shift
  fi
  mkdir -p "$CACHE"
  # One maker at a time: two test runs may begin together.
  exec 9>"$CACHE/lock"
  flock 9
  [[ -d $base ]] || make_base "$base"
  if [[ $# -eq 0 ]]; then
    printf '%s\n' "$base"
    return
  fi
  mapfile -t packages < <(printf '%s\n' "$@" | LC_ALL=C sort -u)
  layer="$base$mark$(printf '+%s' "${packages[@]}")"
  [[ -d $layer ]] || make_layer "$how" "$base" "$layer" "${packages[@]}"
  printf '%s:%s\n' "$layer" "$base"
}

main "$@"
