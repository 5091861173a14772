# shellcheck shell=bash
# The code: each release in a folder of its own, and one symlink that says which one is run. Sourced by install.sh.

readonly RELEASES=/usr/local/lib/arleo-releases
RELEASE=''

# check_release: is what this script lies in a whole release, to the byte?
check_release() {
  [[ -f $SOURCE/VERSION && -f $SOURCE/SHA256SUMS ]] ||
    fatal $BAD_RELEASE "$SOURCE is no release" 'Pack one with scripts/package.sh, unpack it on this host, and run the install.sh in it.'
  [[ "$(<"$SOURCE/VERSION")" =~ ^[0-9][0-9A-Za-z.+-]*$ ]] || fatal $BAD_RELEASE "$SOURCE/VERSION is damaged" 'Unpack the release again.'
  ! grep -qvE '^[0-9a-f]{64}  [A-Za-z0-9@_][A-Za-z0-9@._+/-]*$|^[0-9a-f]{64}  \.[A-Za-z0-9_][A-Za-z0-9@._+/-]*$' "$SOURCE/SHA256SUMS" &&
    ! grep -qF '../' "$SOURCE/SHA256SUMS" ||
    fatal $BAD_RELEASE "$SOURCE/SHA256SUMS is damaged" 'Unpack the release again.'
  sums_hold "$SOURCE" ||
    fatal $BAD_RELEASE "this release is not what its SHA256SUMS says: $(cd "$SOURCE" && sha256sum --check --quiet SHA256SUMS 2>/dev/null | head -n 3 | tr '\n' ' ')" \
      'Get the tarball again, check it against the SHA256SUMS beside it, and unpack it anew.'
  local machine
  machine="$(uname -m)"
  [[ -f $SOURCE/mcp-oauth-proxy/lmdb-linux-$(node_architecture "$machine").node ]] ||
    fatal $PRECONDITION "this release is not for $machine" 'Get the tarball for this kind of machine.'
  RELEASE="$(<"$SOURCE/VERSION")-$(sha256sum "$SOURCE/SHA256SUMS" | cut -c 1-12)"
}

# node_architecture MACHINE: of `uname -m`, as Node names it and the release its one native part.
node_architecture() {
  case "$1" in
    x86_64) echo x64 ;;
    aarch64) echo arm64 ;;
    *) echo "$1" ;;
  esac
}

sums_hold() { (cd "$1" && sha256sum --check --quiet --strict SHA256SUMS) >/dev/null 2>&1; }

# current_release: the one that is run, or nothing.
current_release() { readlink "$RELEASES/current" 2>/dev/null || true; }

# proven_release: the last one that was seen to work.
proven_release() { cat "$RECORD/proven" 2>/dev/null || true; }

install_release() {
  local left
  for left in "$RELEASES"/.new-* "$RELEASES"/.old-*; do
    [[ ! -e $left ]] || change "remove $left, left by an interrupted run" rm -rf "$left"
  done
  if [[ -d $RELEASES/$RELEASE ]] && sums_hold "$RELEASES/$RELEASE"; then
    return
  fi
  change "copy release $RELEASE to $RELEASES/$RELEASE/" copy_release
}

# copy_release: exactly the files that SHA256SUMS names, checked again where they are run from.
copy_release() {
  local folder="$RELEASES/.new-$RELEASE"
  install_folder "$RELEASES" 755 root:root
  install -d -m 755 "$folder"
  cut -c 67- "$SOURCE/SHA256SUMS" | tar -C "$SOURCE" --verbatim-files-from -cf - -T - SHA256SUMS |
    tar -C "$folder" --no-same-owner -xf -
  chmod -R u=rwX,go=rX "$folder"
  chown -R root:root "$folder"
  sums_hold "$folder" || fatal $BAD_RELEASE "the copy of the release in $folder is not what was copied" 'Check the disk, then run this again.'
  sync --file-system "$folder"
  # One of the same name that is damaged: what runs from it goes on from memory.
  [[ ! -e $RELEASES/$RELEASE ]] || mv -T "$RELEASES/$RELEASE" "$RELEASES/.old-$RELEASE"
  mv -T "$folder" "$RELEASES/$RELEASE"
  rm -rf "$RELEASES/.old-$RELEASE"
}

# switch_release: all parts of it with one rename.
switch_release() {
  local part
  [[ -n $DRY_RUN ]] || install_folder "$RELEASES" 755 root:root
  put_link "$RELEASE" "$RELEASES/current"
  for part in $(items service) arleo; do
    replace_folder "/usr/local/lib/$part" "copy $part to /usr/local/lib/$part/"
    put_link "arleo-releases/current/$part" "/usr/local/lib/$part"
  done
  for part in $(items command); do
    put_link "../lib/arleo/$part.js" "/usr/local/bin/$part"
  done
}

# replace_folder FOLDER: code that was put there by hand makes room, and stays beside it.
replace_folder() {
  [[ -d $1 && ! -L $1 ]] || return 0
  change "move $1 to $1.replaced" mv -T "$1" "$1.replaced"
}

# remove_old_releases: the one before this one stays.
remove_old_releases() {
  local folder before="$1"
  for folder in "$RELEASES"/*; do
    case "${folder##*/}" in
      current | "$RELEASE" | "$before") ;;
      *) [[ ! -d $folder ]] || change "remove release $folder" rm -rf "$folder" ;;
    esac
  done
}
