#!/usr/bin/env bash
# The file system of a test host that is not booted: for scripts that need no running systemd. Once it is there, "ready PID"
# says in whose namespaces, for nsenter and chroot; it lasts until standard input ends or it is stopped.
#
#   still.sh LAYERS FOLDER
#
#   LAYERS   what layer.sh printed
#   FOLDER   its root is FOLDER/root; what it writes is in FOLDER/upper
set -euo pipefail

# In namespaces of its own, so that all of this is gone with it: what it mounted, and whatever was started in there.
if [[ -z ${ARLEO_HOST_MOUNTS:-} ]]; then
  ARLEO_HOST_MOUNTS=own exec unshare --mount --propagation slave --pid --fork --kill-child "$0" "$@"
fi

main() {
  local layers="$1" folder="$2" root="$2/root" process
  # Of this shell, as it is known outside: /proc is still the one of there.
  read -r process _ </proc/self/stat
  mkdir -p "$folder/upper" "$folder/work" "$root"
  mount -t overlay overlay -o "lowerdir=$layers,upperdir=$folder/upper,workdir=$folder/work" "$root"
  mount -t proc proc "$root/proc"
  mount --bind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/run"
  echo "ready $process"
  cat >/dev/null
}

main "$@"
