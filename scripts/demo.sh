#!/usr/bin/env bash
# Arleo on this machine in one command: checks what is needed, builds, makes its state and starts everything on loopback.
# See `demo.sh --help`. On Debian or Ubuntu as root, what is missing is installed; else the one command for it is said.
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=scripts/setup.sh
. "$ROOT/scripts/setup.sh"

usage() {
  cat <<'TEXT'
usage: scripts/demo.sh [OPTION]...

Starts Arleo on this machine: the three services, an example Hugo site in French and English (or your own), and a
static server for the built site. Ctrl-C stops everything. A second run keeps every secret and every page.

  --site DIR       serve and edit your own Hugo site instead of the example
  --state DIR      where keys, tokens, logs and releases are kept (default: .arleo in the checkout)
  --port-base N    oauth-proxy on N, hugo-mcp-proxy on N+1, hugo-mcp-server on N+2, the site on N+3
                   (default: 8083, 8084, 8000 and 8080)
  --public-url URL the https address that leads to oauth-proxy from outside (nginx, a tunnel), for Claude.ai
  --json           when all is ready, say where everything is as one line of JSON on stdout
  --smoke          try the whole way with two real MCP clients, then stop; exits 0 only if every step held
  --help           this text
TEXT
}

bad_option() { fatal "$1" "See: scripts/demo.sh --help" 2; }

# absolute DIR: relative paths count from where the caller stands.
absolute() {
  case "$1" in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s/%s\n' "$PWD" "$1" ;;
  esac
}

is_hugo_site() {
  local name
  for name in hugo.toml hugo.yaml hugo.yml hugo.json config.toml config.yaml config.yml config.json; do
    [[ -f $1/$name ]] && return 0
  done
  [[ -d $1/config ]]
}

check_port_base() {
  [[ $1 =~ ^[0-9]{1,5}$ ]] || bad_option "--port-base wants a number, not \"$1\""
  ((10#$1 >= 1 && 10#$1 <= 65532)) || bad_option "--port-base must be from 1 to 65532 (four ports are used), not $1"
}

check_site() {
  [[ -d $1 ]] || bad_option "--site: there is no folder $1"
  is_hugo_site "$1" || fatal "--site: $1 is not a Hugo site (no hugo.toml, hugo.yaml, hugo.json, config.toml or config/ in it)" \
    "Name the folder that holds the site's configuration, or make a new site: hugo new site DIR" 2
}

main() {
  local arguments=() option value
  while [[ $# -gt 0 ]]; do
    option="$1"
    shift
    case "$option" in
      --help | -h)
        usage
        return 0
        ;;
      --json | --smoke) arguments+=("$option") ;;
      --site | --state | --port-base | --public-url | --site=* | --state=* | --port-base=* | --public-url=*)
        if [[ $option == *=* ]]; then
          value="${option#*=}"
          option="${option%%=*}"
        else
          [[ $# -gt 0 && $1 != --* ]] || bad_option "$option wants a value"
          value="$1"
          shift
        fi
        [[ -n $value ]] || bad_option "$option wants a value"
        case "$option" in
          --site)
            value="$(absolute "$value")"
            check_site "$value"
            ;;
          --state) value="$(absolute "$value")" ;;
          --port-base) check_port_base "$value" ;;
        esac
        arguments+=("$option" "$value")
        ;;
      *) bad_option "unknown option: $option" ;;
    esac
  done

  setup
  # exec: a signal to this process reaches the launcher itself, which stops everything that it started.
  exec node "$ROOT/scripts/demo/dist/demo.js" "${arguments[@]}"
}

main "$@"
