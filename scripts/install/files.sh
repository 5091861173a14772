# shellcheck shell=bash
# How install.sh writes: whole or not at all, and only what differs. Sourced by install.sh.

# Its own record: which release was proven to work, what it wrote, what was there before.
readonly RECORD=/var/lib/arleo

# In a dry run: the folders that would be there by then, and the files that would be others.
declare -A MADE_FOLDER=()
CHANGED_FILES=()

# same_content FILE TEXT
same_content() { [[ -f $1 && ! -L $1 ]] && printf '%s' "$2" | cmp -s - "$1"; }

# write_atomically FILE MODE OWNER TEXT: another process sees the old content or the new one, also after a power cut.
write_atomically() {
  local file="$1" folder new
  folder="$(dirname "$file")"
  new="$(mktemp "$folder/.${file##*/}.arleo.XXXXXX")"
  printf '%s' "$4" >"$new"
  chmod "$2" "$new"
  chown "$3" "$new"
  sync "$new"
  mv -fT "$new" "$file"
  sync "$folder"
}

# put_file WHAT FILE MODE OWNER TEXT: makes a file what it should be. WHAT says what it is: "systemd unit".
put_file() {
  local what="$1" file="$2" mode="$3" owner="$4" text="$5"
  remove_leftovers "$file"
  make_folder "$(dirname "$file")" 755 root:root
  if ! same_content "$file" "$text"; then
    CHANGED_FILES+=("$file")
    [[ ! -d $file ]] || fatal $PRECONDITION "$file is a folder" 'Move it away, then run this again.'
    change "write $what $file" write_atomically "$file" "$mode" "$owner" "$text"
  elif [[ "$(stat -c '%a %U:%G' "$file")" != "$mode $owner" ]]; then
    change "set mode $mode and owner $owner of $file" set_access "$file" "$mode" "$owner"
  fi
}

set_access() {
  chown "$3" "$1"
  chmod "$2" "$1"
}

# remove_leftovers FILE: what an interrupted write of it has left.
remove_leftovers() {
  local left
  for left in "$(dirname "$1")/.${1##*/}.arleo."??????; do
    [[ ! -f $left ]] || change "remove $left, left by an interrupted run" rm -f "$left"
  done
}

# make_folder DIR MODE OWNER: one that exists stays as it is.
make_folder() {
  [[ -z ${MADE_FOLDER[$1]:-} && ! -d $1 ]] || return 0
  MADE_FOLDER[$1]=yes
  change "create directory $1/" install_folder "$@"
}

install_folder() {
  local parent
  parent="$(dirname "$1")"
  [[ -d $parent ]] || install_folder "$parent" 755 root:root
  install -d -m "$2" -o "${3%%:*}" -g "${3##*:}" "$1"
}

# put_link TARGET LINK: a symlink, changed in one step.
put_link() {
  [[ -L $2 && "$(readlink "$2")" == "$1" ]] && return
  CHANGED_FILES+=("$2")
  change "link $2 to $1" link_atomically "$1" "$2"
}

link_atomically() {
  local new="$2.arleo-new"
  rm -f "$new"
  ln -s "$1" "$new"
  mv -fT "$new" "$2"
  sync "$(dirname "$2")"
}

# read_text VARIABLE FILE: the content to the byte; a shell would cut line feeds off its end.
read_text() {
  local -n text_="$1"
  text_="$(cat "$2" && printf x)"
  # shellcheck disable=SC2034  # It is the caller's.
  text_="${text_%x}"
}

# remove_path PATH...: those that are there.
remove_path() {
  local path
  for path in "$@"; do
    [[ ! -e $path && ! -L $path ]] || change "remove $path" rm -rf "$path"
  done
}
