#!/usr/bin/env bash
# Packs a release: the three services and the command line tools, each as a folder that needs nothing but Node, and what
# belongs around them on a host. The same checkout gives the same bytes, wherever and whenever it is packed.
#
# Environment:
#   NO_COLOR            no colours, even on a terminal
#   SOURCE_DATE_EPOCH   time of all files in the tarball (default: 1980-01-01; reproducible-builds.org)
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=scripts/setup.sh
. "$ROOT/scripts/setup.sh"

# What is packed: folder in the tarball, and where it comes from. Services have the names of their units.
PARTS=(
  mcp-oauth-proxy=services/oauth-proxy/dist
  hugo-mcp-proxy=services/hugo-mcp-proxy/dist
  hugo-mcp=services/hugo-mcp-server/dist
  arleo=packages/cli/dist
  infra=infra
)
FILES=(LICENSE CHANGELOG.md SECURITY.md)
# Scripts of the host, with their parts: they lie beside the tools, and install.sh is at the top as well.
SCRIPTS=(install.sh install backup.sh restore.sh backup)
WORK=''

usage() {
  cat <<'USAGE'
Packs a release of Arleo: arleo-VERSION-linux-ARCH.tar.gz and SHA256SUMS.

Usage: scripts/package.sh [--out DIR] [--built]

  --out DIR   where to (default: dist/ of the checkout); a SHA256SUMS that is there is replaced
  --built     pack what `pnpm build` has left, without installing and building first
  --help      this text

In the tarball, under arleo-VERSION/, stand install.sh, mcp-oauth-proxy/, hugo-mcp-proxy/, hugo-mcp/, arleo/ (the tools arleo.js
and token-mgr.js, and the scripts of the host), infra/, VERSION, and a SHA256SUMS over all of these. It runs on the kind of machine that it is packed on
(lmdb is native: Linux, glibc) with Node 20.19 or newer.
USAGE
}

# version: the one of package.json; a test holds all packages to it.
version() { sed -n 's/^  "version": "\([0-9][0-9A-Za-z.+-]*\)",$/\1/p' "$ROOT/package.json"; }

architecture() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo linux-x64 ;;
    Linux-aarch64) echo linux-arm64 ;;
    *) fatal "cannot pack on $(uname -s) $(uname -m)" 'Pack on the kind of machine that it is for: Linux on x86_64 or aarch64.' ;;
  esac
}

# collect FOLDER: all that is packed, as it will lie in the tarball.
collect() {
  local folder="$1" part from file
  mkdir -p "$folder"
  for part in "${PARTS[@]}"; do
    from="$ROOT/${part#*=}"
    [[ -d $from ]] || fatal "$from is missing" 'Run: pnpm build (or this script without --built)'
    cp -R "$from" "$folder/${part%%=*}"
  done
  for file in "${FILES[@]}"; do
    cp "$ROOT/$file" "$folder/$file"
  done
  for file in "${SCRIPTS[@]}"; do
    cp -R "$ROOT/scripts/$file" "$folder/arleo/$file"
  done
  ln -s arleo/install.sh "$folder/install.sh"
  version >"$folder/VERSION"
  sums "$folder" >"$WORK/SHA256SUMS"
  mv "$WORK/SHA256SUMS" "$folder/SHA256SUMS"
}

# sums FOLDER: the SHA-256 of every file below it, in an order that no locale changes.
sums() {
  (
    cd "$1"
    find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum
  )
}

# pack FOLDER NAME FILE: nothing of this machine gets into the tarball: no owner, no umask, no clock, no order of a disk.
pack() {
  LC_ALL=C tar -C "$1" --format=ustar --sort=name --mtime="@${SOURCE_DATE_EPOCH:-315532800}" --owner=0 --group=0 --numeric-owner \
    --mode='u=rwX,go=rX' -cf - "$2" | gzip -9 -n >"$3"
}

main() {
  local out="$ROOT/dist" built='' name
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --help) usage && exit 0 ;;
      --built) built=yes ;;
      --out)
        [[ $# -gt 1 && -n $2 ]] || fatal '--out has no folder' 'Usage: scripts/package.sh [--out DIR] [--built]' 2
        out="$2"
        shift
        ;;
      *) fatal "unknown argument: $1" 'Usage: scripts/package.sh [--out DIR] [--built]' 2 ;;
    esac
    shift
  done
  name="arleo-$(version)"
  [[ -n $built ]] || setup

  WORK="$(mktemp -d)"
  trap 'rm -rf "$WORK"' EXIT
  collect "$WORK/$name"
  mkdir -p "$out"
  local tarball
  tarball="$name-$(architecture).tar.gz"
  pack "$WORK" "$name" "$WORK/$tarball"
  mv "$WORK/$tarball" "$out/$tarball"
  (cd "$out" && sha256sum "$tarball" >SHA256SUMS)
  info "$out/$tarball"
}

main "$@"
