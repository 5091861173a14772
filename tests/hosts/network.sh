#!/usr/bin/env bash
# A network for test hosts that leads nowhere else: one namespace for each host, all on one bridge in a namespace of its
# own. It says "ready" on standard output and lasts until standard input ends or it is stopped.
#
#   network.sh PREFIX NAME=ADDRESS/BITS...      host NAME has the namespace PREFIX-NAME, and in it the device eth0
set -euo pipefail

NAMESPACES=()

cleanup() {
  local namespace
  for namespace in "${NAMESPACES[@]}"; do
    ip netns del "$namespace" 2>/dev/null || true
  done
}

add_namespace() {
  ip netns add "$1"
  NAMESPACES+=("$1")
  ip -n "$1" link set lo up
}

add_host() {
  local name="$1" address="$2" switch="$3" namespace="$4"
  add_namespace "$namespace"
  ip link add eth0 netns "$namespace" type veth peer name "$name" netns "$switch"
  ip -n "$switch" link set "$name" master bridge0 up
  ip -n "$namespace" address add "$address" dev eth0
  ip -n "$namespace" link set eth0 up
}

main() {
  local prefix="$1" host switch
  shift
  switch="$prefix-switch"
  trap cleanup EXIT
  trap 'exit 143' INT TERM HUP
  add_namespace "$switch"
  ip -n "$switch" link add bridge0 type bridge
  ip -n "$switch" link set bridge0 up
  for host in "$@"; do
    add_host "${host%%=*}" "${host#*=}" "$switch" "$prefix-${host%%=*}"
  done
  echo ready
  # Standard input ends also when the one who asked for this network is killed.
  exec 3<&0
  cat <&3 >/dev/null &
  wait $!
}

main "$@"
