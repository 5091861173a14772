# shellcheck shell=bash
# The packages that this host lacks. Sourced by install.sh.

install_packages() {
  local missing
  mapfile -t missing < <(items package | not_installed)
  [[ ${#missing[@]} -eq 0 ]] || change "install packages ${missing[*]}" fetch_packages "${missing[@]}"
  check_node
}

fetch_packages() {
  quietly bring_packages "$@" ||
    fatal $FAILED "could not install $*" \
      'See the lines above: mend the network, /etc/apt/sources.list or the packages that dpkg --audit names, then run this again.'
}
