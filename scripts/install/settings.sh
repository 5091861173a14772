# shellcheck shell=bash
# The .env of each service: what is missing is added, what is there stays. Sourced by install.sh.

readonly OAUTH_ENV=/etc/mcp-oauth-proxy/.env PROXY_ENV=/etc/hugo-mcp-proxy/.env SERVER_ENV=/etc/hugo-mcp/.env

# The secrets of each .env, and the form that each has.
readonly TOKEN_FORM='^hmcp_[0-9a-f]{16}_[0-9a-f]{64}$'
declare -rA SECRET_FORM=(
  [MCP_TOKEN]="$TOKEN_FORM" [WEBHOOK_TOKEN]="$TOKEN_FORM" [TOKEN_SECRET]='^.{32,}$' [CLIENT_ID]='^[A-Za-z0-9_.~-]{1,100}$'
  [CLIENT_SECRET]='^[A-Za-z0-9_.~/=-]{32,200}$'
)

# check_settings: a damaged file is refused before anything is changed: nobody else knows what stood in it.
check_settings() {
  local file name
  [[ -z $ROTATE ]] || is_role nuc ||
    fatal $PRECONDITION 'no token is made on this host' 'Rotate on the host that faces the internet, and carry its for-vm.join over again.'
  for file in $(settings_files); do
    read_env "$file" || refuse_damaged "$file" "$ENV_FAULT"
    for name in "${!SECRET_FORM[@]}"; do
      [[ -z ${ENV_VALUE[${name}_FILE]:-} || -n ${ENV_VALUE[$name]:-} || -r ${ENV_VALUE[${name}_FILE]} ]] ||
        refuse_damaged "$file" "${name}_FILE names a file that cannot be read"
      ! has_env "$name" || [[ "$(env_value "$name")" =~ ${SECRET_FORM[$name]} ]] ||
        refuse_damaged "$file" "$name does not have the form of one (it was cut off, or changed by hand)"
    done
  done
}

refuse_damaged() {
  fatal $DAMAGED "$1 is damaged: $2" 'Put it back from a backup, or mend that line. To make a secret anew, leave its line empty (NAME=). Nothing was changed.'
}

settings_files() {
  local unit
  for unit in $(items service); do
    printf '/etc/%s/.env\n' "$unit"
  done
}

# The one that `setting` is about.
SETTINGS_FILE=''

write_settings() {
  if is_role nuc; then
    say_what_becomes_of_secrets
    write_oauth_proxy_settings
    write_proxy_settings
  fi
  ! is_role vm || write_server_settings
}

say_what_becomes_of_secrets() {
  if [[ -n $ROTATE ]]; then
    [[ -z $DRY_RUN ]] || echo '[DRY-RUN] All secrets would be REGENERATED (--force-rotate-tokens)'
    [[ -n $DRY_RUN ]] || warn '--force-rotate-tokens : regenerating all secrets; clients that have a secret of their own connect anew'
  elif [[ -f $OAUTH_ENV ]]; then
    [[ -z $DRY_RUN ]] || echo '[DRY-RUN] Existing .env detected — tokens would be PRESERVED'
    [[ -n $DRY_RUN ]] || info "Existing installation detected at $OAUTH_ENV: tokens are PRESERVED (use --force-rotate-tokens to regenerate)"
  fi
}

write_oauth_proxy_settings() {
  SETTINGS_FILE="$OAUTH_ENV"
  read_env "$OAUTH_ENV"
  setting PUBLIC_URL "https://${ANSWER[DOMAIN]}" DOMAIN
  setting UPSTREAM_URL http://127.0.0.1:8084
  secret MCP_TOKEN new_token
  secret CLIENT_ID hex 16
  secret CLIENT_SECRET hex 32
  secret TOKEN_SECRET hex 32
  put_file settings "$OAUTH_ENV" 600 root:root "$ENV_TEXT"
}

write_proxy_settings() {
  local sha256
  read_env "$OAUTH_ENV"
  sha256="$(env_value MCP_TOKEN | sha256sum | cut -c 1-64)"
  read_env "$PROXY_ENV"
  SETTINGS_FILE="$PROXY_ENV"
  setting UPSTREAM_URL "$(upstream_url)" VM_ADDRESS
  # Two of them stand there while the token is rotated by hand.
  if [[ ${ENV_VALUE[MCP_TOKEN_SHA256]:-} != *"$sha256"* ]]; then
    set_env MCP_TOKEN_SHA256 "$sha256"
  fi
  setting WEBHOOK_SECRET_FILE /etc/hugo-mcp-proxy/webhook-secret
  secret WEBHOOK_TOKEN new_token
  put_file settings "$PROXY_ENV" 600 root:root "$ENV_TEXT"
}

write_server_settings() {
  SETTINGS_FILE="$SERVER_ENV"
  read_env "$SERVER_ENV"
  if [[ ${ANSWER[ROLE]} == vm ]]; then
    setting HOST "${ANSWER[VM_ADDRESS]}" VM_ADDRESS
  else
    setting HOST 127.0.0.1
  fi
  put_file settings "$SERVER_ENV" 600 root:root "$ENV_TEXT"
}

upstream_url() {
  local address=127.0.0.1
  [[ ${ANSWER[ROLE]} == all ]] || address="${ANSWER[VM_ADDRESS]}"
  [[ $address != *:* ]] || address="[$address]"
  printf 'https://%s:8000' "$address"
}

# setting NAME VALUE [QUESTION]: one that is there stays, unless the question was answered otherwise in this run.
setting() {
  if ! has_env "$1"; then
    set_env "$1" "$2"
  elif [[ "$(env_value "$1")" != "$2" && -n ${3:-} && -n ${SAID[${3:-none}]:-} ]]; then
    change "change $1 to $2 in $SETTINGS_FILE" true
    CHANGED_SETTINGS+=("$SETTINGS_FILE" "$1" "$(env_value "$1")")
    set_env "$1" "$2"
  fi
}

# secret NAME COMMAND...: made by the command if it is missing, or has to be made anew.
secret() {
  local name="$1" value
  shift
  has_env "$name" && [[ -z $ROTATE ]] && return
  [[ -z ${ENV_VALUE[${name}_FILE]:-} ]] ||
    fatal $PRECONDITION "${name}_FILE names a file that this installer has not made" "Take ${name}_FILE out of the .env, or make that secret anew yourself."
  if [[ -n $DRY_RUN ]]; then
    echo "[DRY-RUN] Would generate $name"
  else
    info "Generating $name"
  fi
  value="$("$@")"
  set_env "$name" "$value"
}

# hex BYTES: that many random ones.
hex() { od -An -v -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

new_token() { printf 'hmcp_%s_%s' "$(hex 8)" "$(hex 32)"; }
