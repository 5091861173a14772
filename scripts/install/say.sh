# shellcheck shell=bash
# What install.sh says, and the one way by which it changes the host. Sourced by install.sh.

# How it ends; install.sh --help explains each.
# shellcheck disable=SC2034  # Each is used by some part.
readonly FAILED=1 USAGE=2 PRECONDITION=3 DAMAGED=4 BAD_RELEASE=5 PUT_BACK=6 BROKEN=7 LOCKED=75

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  GREEN=$'\e[32m' YELLOW=$'\e[33m' RED=$'\e[31m' PLAIN=$'\e[0m'
else
  GREEN='' YELLOW='' RED='' PLAIN=''
fi

info() { printf '[+] %s\n' "$*"; }
good() { printf '%s[OK]%s %s\n' "$GREEN" "$PLAIN" "$*"; }
warn() { printf '%s[!]%s %s\n' "$YELLOW" "$PLAIN" "$*"; }

# fatal STATUS MESSAGE REMEDY: what went wrong, then what to do about it.
fatal() {
  printf '%serror:%s %s\n' "$RED" "$PLAIN" "$2" >&2
  printf '       %s\n' "$3" >&2
  exit "$1"
}

# change WHAT COMMAND...: does one thing to the host; in a dry run it only says so.
change() {
  local what="$1"
  shift
  if [[ -n $DRY_RUN ]]; then
    printf '[DRY-RUN] Would %s\n' "$what"
    return
  fi
  info "${what^}"
  "$@"
}

# quietly COMMAND...: what it says matters only when it fails.
quietly() {
  local said status=0
  said="$("$@" 2>&1 </dev/null)" || status=$?
  [[ $status -eq 0 ]] || printf '%s\n' "$said" | tail -n 20 >&2
  return "$status"
}
