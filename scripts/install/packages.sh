# shellcheck shell=bash
# The packages that this host lacks. Sourced by install.sh.

install_packages() {
  local missing also=''
  mapfile -t missing < <(items package | not_installed)
  if [[ ${#missing[@]} -gt 0 ]]; then
    [[ -z "$(dpkg --audit 2>/dev/null)" ]] || also=', and finish those that an interrupted run has left'
    change "install packages ${missing[*]}$also" fetch_packages "${missing[@]}"
  fi
  check_node
}

fetch_packages() {
  quietly bring_packages "$@" || fatal $FAILED "could not install $*" "$MEND_PACKAGES"
}
