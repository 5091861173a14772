#!/usr/bin/env bash
# Sets up as demo.sh does and runs every package's tests; the last line on stdout is "N passed, N failed" over all of them.
#
# Environment:
#   CHROMIUM   the browser that the login and consent pages are tried in (default: the one that is installed)
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=scripts/setup.sh
. "$ROOT/scripts/setup.sh"

# find_browser: the path of an installed Chromium, whatever its system calls it.
find_browser() {
  local name
  for name in chromium chromium-browser google-chrome; do
    command -v "$name" && return 0
  done
  return 1
}

main() {
  [[ $# -eq 0 ]] || fatal "unknown argument: $1" 'Usage: scripts/test.sh (one package alone: cd services/oauth-proxy && pnpm test)' 2
  # The tests of infra/ and of the shared state run the real thing, each with a server of its own.
  NEEDS+=("${WAF_NEEDS[@]}" redis-server)
  [[ -n ${CHROMIUM:-} ]] || CHROMIUM="$(find_browser)" || NEEDS+=(chromium)
  setup
  export CHROMIUM="${CHROMIUM:-$(find_browser)}"

  local status=0
  RESULTS="$(mktemp -d)"
  trap 'rm -rf "$RESULTS"' EXIT
  info 'Testing'
  ARLEO_TEST_RESULTS="$RESULTS" run pnpm --dir "$ROOT" --no-bail --no-sort --workspace-concurrency=2 -r test || status=$?
  node "$ROOT/scripts/count-tests.mjs" "$RESULTS" "$status" || status=1
  return "$status"
}

main "$@"
