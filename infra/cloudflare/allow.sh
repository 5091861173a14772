#!/usr/bin/env bash
# Has Cloudflare let Claude and GitHub through to exactly what they call: see README.md beside it. All options are those of
# `arleo cloudflare allow`; --dry-run shows the rules and changes nothing.
set -euo pipefail

# The tool that is installed, or the one of the release that this file came with.
if command -v arleo >/dev/null; then
  exec arleo cloudflare allow "$@"
fi
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
for tool in "$here/../../arleo/arleo.js" "$here/../../packages/cli/dist/arleo.js"; do
  [[ ! -f $tool ]] || exec node "$tool" cloudflare allow "$@"
done
echo 'arleo is not installed, and not beside this script.' >&2
exit 1
