# shellcheck shell=bash
# The content and its history, of one moment although they change meanwhile. Sourced by backup.sh.

history_head() { git_in "/$HISTORY" rev-parse --verify --quiet HEAD || true; }

# copy_journal FILE: read with the rights of the service, so that a link put there leads to nothing that it may not read.
copy_journal() {
  as_user "$(stat -c %U /var/lib/hugo-mcp)" cat "/$JOURNAL" >"$1" 2>/dev/null || : >"$1"
}

# look_at_writer FOLDER: HEAD of the history and the journal, as they were at one moment.
look_at_writer() {
  local to="$1" tries=100
  mkdir -p "$to"
  until copy_journal "$to/journal" && history_head >"$to/head" && copy_journal "$to/again" && cmp -s "$to/journal" "$to/again" &&
    [[ "$(history_head)" == "$(cat "$to/head")" ]]; do
    tries=$((tries - 1))
    [[ $tries -gt 0 ]] || return 1
    sleep 0.05
  done
}

# journal_files FILE: paths of the files that the changes under way touch, each ending with NUL.
journal_files() {
  [[ -s $1 ]] || return 0
  node -e 'for (const { files, moves } of JSON.parse(require("fs").readFileSync(0, "utf8")).changes)
    for (const path of [...files.map(({ file }) => file), ...moves.flatMap(({ from, to }) => [from, to])]) process.stdout.write(path + "\0")' <"$1"
}

# stage_history: the history's newest commit and the journal, of one moment after the content was read, and the names of
# the files that changes touched since the moment before it was.
stage_history() {
  local before="$RUN/before" after="$RUN/after" range owner
  look_at_writer "$after" || return
  range="$(cat "$after/head")"
  [[ -n $range ]] || return 0
  [[ ! -s $before/head ]] || range="$(cat "$before/head")..$range"
  stage "$SETTLE"
  {
    # Every commit counts, not only what is different in the end: a change that was taken back again was copied, perhaps.
    git_in "/$HISTORY" log --format= --name-only --no-renames -z "$range" -- &&
      journal_files "$before/journal" && journal_files "$after/journal"
  } | sed -z '/^$/d' | sort -zu >"$RUN/staged/$SETTLE" || return
  stage "$HISTORY/refs/heads/main"
  cp "$after/head" "$RUN/staged/$HISTORY/refs/heads/main"
  printf 'ref: refs/heads/main\n' >"$RUN/staged/$HISTORY/HEAD"
  [[ ! -s $after/journal ]] || { stage "$JOURNAL" && cp "$after/journal" "$RUN/staged/$JOURNAL"; }
  owner="$(stat -c %U:%G "/$HISTORY")"
  # The files alone: folders that are not its own root could not remove again.
  find "$RUN/staged/var/lib/hugo-mcp" -type f -exec chown "$owner" -- {} +
}

# packs: what gc, or a pull of the site, changes. The files of a repository are written once; only these two remove some.
packs() {
  local gitdir
  for gitdir in "/$HISTORY" ${SITE:+"$SITE/.git"}; do
    [[ ! -d $gitdir/objects ]] || find "$gitdir/objects/pack" -name '*.pack' | sort
  done
  [[ -z $SITE || ! -d $SITE/.git ]] || git_in "$SITE/.git" rev-parse --verify --quiet HEAD || true
}
