#!/usr/bin/env bash
# Boots one test host: a real systemd on a throw-away file system. Once it is up, "ready PID" says which process is its
# init, for nsenter; it lasts until standard input ends or it is stopped.
#
#   host.sh NAME NAMESPACE LAYERS FOLDER
#
#   NAMESPACE   network namespace, as network.sh makes it
#   LAYERS      what layer.sh printed
#   FOLDER      keeps what the host writes (upper/): delete it for a fresh host, keep it for one that was used before;
#               console.log is what it said while it booted
set -euo pipefail

STOP_SECONDS=20
BOOT_SECONDS=90
NAME="$1" NAMESPACE="$2" LAYERS="$3" FOLDER="$4"
CGROUP=''
NSPAWN=''
INIT=''

# In a mount namespace of its own, so that the host's file system is gone with the last process that uses it.
if [[ -z ${ARLEO_HOST_MOUNTS:-} ]]; then
  ARLEO_HOST_MOUNTS=own exec unshare --mount --propagation slave "$0" "$@"
fi

cleanup() {
  if [[ -n $NSPAWN ]] && kill -TERM "$NSPAWN" 2>/dev/null; then
    timeout "$STOP_SECONDS" tail --pid="$NSPAWN" -f /dev/null || kill -KILL "$NSPAWN" 2>/dev/null || true
  fi
  [[ -z $CGROUP || ! -f $CGROUP/cgroup.kill ]] || echo 1 >"$CGROUP/cgroup.kill"
  wait "$NSPAWN" 2>/dev/null || true
  local left=50
  # Killed processes leave their group a moment later.
  while [[ -n $CGROUP && -d $CGROUP && $left -gt 0 ]]; do
    find "$CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
    left=$((left - 1))
  done
}

mount_root() {
  mkdir -p "$FOLDER/upper" "$FOLDER/work" "$FOLDER/root"
  mount -t overlay overlay -o "lowerdir=$LAYERS,upperdir=$FOLDER/upper,workdir=$FOLDER/work" "$FOLDER/root"
}

# The host's own branch of the unified hierarchy, in which its systemd puts its services: IPAddressDeny= acts there.
make_cgroup() {
  local unified=/sys/fs/cgroup
  [[ ! -d /sys/fs/cgroup/unified ]] || unified=/sys/fs/cgroup/unified
  CGROUP="$unified/arleo-host-$NAME-$$"
  mkdir "$CGROUP"
}

# Without the unified hierarchy, or without bpf, IPAddressDeny= would be without effect and nothing would say so.
boot() {
  (
    echo "$BASHPID" >"$CGROUP/cgroup.procs"
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec systemd-nspawn --quiet --register=no --keep-unit --settings=no \
      --machine="$NAME" --directory="$FOLDER/root" --network-namespace-path="/run/netns/$NAMESPACE" \
      --resolv-conf=off --timezone=off --link-journal=no --capability=all \
      --system-call-filter='bpf perf_event_open keyctl add_key' --boot </dev/null >"$FOLDER/console.log" 2>&1
  ) &
  NSPAWN=$!
}

# is_up: sets INIT once every unit of the boot has been tried; a failed one does not keep the host from being up.
is_up() {
  local state
  # The file has no line feed at its end, so read finds none.
  read -r INIT _ <"/proc/$NSPAWN/task/$NSPAWN/children" || [[ -n $INIT ]] || return 1
  state="$(nsenter -t "$INIT" -m -u -i -n -p -C -r -w systemctl is-system-running 2>/dev/null)" || true
  [[ $state == running || $state == degraded ]]
}

main() {
  local end=$((SECONDS + BOOT_SECONDS)) input
  trap cleanup EXIT
  trap 'exit 143' INT TERM HUP
  mount_root
  make_cgroup
  boot
  until is_up; do
    if ! kill -0 "$NSPAWN" 2>/dev/null || [[ $SECONDS -ge $end ]]; then
      printf 'error: the host %s did not boot in %d s; its console said:\n' "$NAME" "$BOOT_SECONDS" >&2
      tail -n 20 "$FOLDER/console.log" >&2
      exit 1
    fi
    sleep 0.2
  done
  echo "ready $INIT"
  # Standard input ends also when the one who asked for this host is killed.
  exec 3<&0
  cat <&3 >/dev/null &
  input=$!
  wait -n "$input" "$NSPAWN" || true
  kill "$input" 2>/dev/null || true
}

main
