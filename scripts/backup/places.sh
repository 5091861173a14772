# shellcheck shell=bash
# What backup.sh and restore.sh share: what of a host is in an archive, how it is laid out, and how they speak.
#
# Sourced, never run; the caller has set `set -euo pipefail`. Everything is said on stderr, in the journal with a level.
#
# An archive is a GPG message around three tar archives (GNU format) in a row, so that tar reads them with -i:
#   1. ABOUT alone, exactly ABOUT_BYTES: lines NAME=VALUE, of which host and time, and what has to be there to restore it
#   2. all files, by their paths without the first slash, and what the content's history needs to be put right (SETTLE, HEAD)
#   3. MANIFEST alone: the SHA-256 of every file of 2, as sha256sum writes and checks it
#
# Environment:
#   NO_COLOR   no colours, even on a terminal

# shellcheck disable=SC2034  # Used by those who source this.
{
  FORMAT=1
  ABOUT_BYTES=10240
  UNITS=(mcp-oauth-proxy hugo-mcp-proxy hugo-mcp)
  HISTORY=var/lib/hugo-mcp/history.git
  JOURNAL=var/lib/hugo-mcp/journal.json
  LMDB=var/lib/mcp-oauth-proxy/oauth.lmdb
  SETTLE=arleo-backup/settle
  # Where sites are if nothing else is said; the unit's SITE_DIR counts.
  SITE_DEFAULT=/srv/site
  # Everything else that is backed up: folders and files below /.
  PLACES=(
    etc/arleo etc/mcp-oauth-proxy etc/hugo-mcp-proxy etc/hugo-mcp
    etc/nginx/conf.d/mcp.conf etc/nginx/arleo
    etc/systemd/system/mcp-oauth-proxy.service.d etc/systemd/system/hugo-mcp-proxy.service.d
    etc/systemd/system/hugo-mcp.service.d etc/systemd/system/arleo-backup.service.d
    var/lib/arleo var/lib/mcp-oauth-proxy var/lib/hugo-mcp-proxy var/lib/hugo-mcp
    var/log/arleo var/log/mcp-oauth-proxy var/log/hugo-mcp-proxy var/log/hugo-mcp
  )
}

if [[ -t 2 && -z ${NO_COLOR:-} ]]; then
  BOLD=$'\e[1m' YELLOW=$'\e[33m' RED=$'\e[31m' PLAIN=$'\e[0m'
else
  BOLD='' YELLOW='' RED='' PLAIN=''
fi
# Levels of sd-daemon(3), by which the journal files what a unit says.
if [[ -n ${JOURNAL_STREAM:-} && ! -t 2 ]]; then
  AS_INFO='<6>' AS_WARNING='<4>' AS_ERROR='<3>'
else
  AS_INFO='' AS_WARNING='' AS_ERROR=''
fi

info() { printf '%s%s==>%s %s\n' "$AS_INFO" "$BOLD" "$PLAIN" "$*" >&2; }
warn() { printf '%s%swarning:%s %s\n' "$AS_WARNING" "$YELLOW" "$PLAIN" "$*" >&2; }

# say_error MESSAGE REMEDY
say_error() {
  printf '%s%serror:%s %s\n' "$AS_ERROR" "$RED" "$PLAIN" "$1" >&2
  printf '%s       %s\n' "$AS_ERROR" "$2" >&2
}

# as_user USER COMMAND...: with the rights of a service's user and nothing of this environment. What belongs to a service is
# read with its own rights where a program looks into it: git does what it finds in a repository, and LMDB believes its file.
as_user() {
  local user="$1"
  shift
  setpriv --reuid="$user" --regid="$user" --clear-groups --inh-caps=-all -- \
    env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/nonexistent LC_ALL=C \
    GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_OPTIONAL_LOCKS=0 GIT_LITERAL_PATHSPECS=1 "$@"
}

# git_in GITDIR [ARGUMENT...]: git as the user that the repository belongs to, without hooks and the like.
git_in() {
  local gitdir="$1" owner
  shift
  owner="$(stat -c %U -- "$gitdir")" || return
  as_user "$owner" git --git-dir="$gitdir" -c core.fsmonitor=false -c core.hooksPath=/dev/null -c core.quotePath=false "$@"
}

# in_memory FOLDER: is it in memory, and never on a disk?
in_memory() { [[ "$(stat -f -c %T -- "$1")" =~ ^(tmpfs|ramfs)$ ]]; }

# missing_packages COMMAND:PACKAGE...: says which packages are missing, on stdout.
missing_packages() {
  local entry missing=()
  for entry in "$@"; do
    command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
  done
  printf '%s' "${missing[*]}"
}
