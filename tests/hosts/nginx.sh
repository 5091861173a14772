#!/usr/bin/env bash
# Runs the nginx of the test hosts' Debian, with its firewall and rules, on this machine: its own network, its own /tmp.
#
#   nginx.sh [OPTION...]    as nginx itself
#
# The file system is read-only and in a mount namespace of its own: it goes when nginx does.
set -euo pipefail

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
PACKAGES=(libnginx-mod-http-modsecurity modsecurity-crs nginx)

main() {
  local layers root="${ARLEO_HOSTS_CACHE:-/var/cache/arleo-test-hosts}/nginx-root"
  layers="$("$HERE/layer.sh" "${PACKAGES[@]}")"
  mkdir -p "$root"
  # shellcheck disable=SC2016  # It is for the shell in the namespace.
  exec unshare --mount --propagation private bash -ceu '
    layers="$1" root="$2"
    shift 2
    mount -t overlay overlay -o "ro,lowerdir=$layers" "$root"
    mount --bind /tmp "$root/tmp"
    mount --bind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    exec chroot "$root" /usr/sbin/nginx "$@"' nginx "$layers" "$root" "$@"
}

main "$@"
