# shellcheck shell=bash
# Keys, the certificate between the hosts, and the hop tokens as their hashes. No private key leaves its host.
# Sourced by install.sh.

readonly ACTOR_KEY=/etc/mcp-oauth-proxy/actor.key ACTOR_PUB=/etc/hugo-mcp/actor.pub
readonly SERVER_KEY=/etc/hugo-mcp/server.key SERVER_CRT=/etc/hugo-mcp/server.crt PINNED_CRT=/etc/hugo-mcp-proxy/server.crt
readonly WEBHOOK_SECRET=/etc/hugo-mcp-proxy/webhook-secret

# check_keys: damaged ones are refused; that needs openssl, so a fresh host has none to check.
check_keys() {
  command -v openssl >/dev/null || return 0
  local file
  for file in "$ACTOR_KEY" "$SERVER_KEY"; do
    [[ ! -e $file ]] || openssl pkey -in "$file" -noout 2>/dev/null || refuse_damaged "$file" 'it is no private key'
  done
  [[ ! -e $SERVER_CRT ]] || openssl x509 -in "$SERVER_CRT" -noout 2>/dev/null || refuse_damaged "$SERVER_CRT" 'it is no certificate'
  if [[ -e $SERVER_CRT ]] && is_role vm; then
    [[ -e $SERVER_KEY ]] ||
      fatal $DAMAGED "$SERVER_CRT is there, and its key $SERVER_KEY is not" "Put the key back from a backup, or remove $SERVER_CRT for a new pair."
    is_certificate_of_key "$SERVER_CRT" || is_certificate_of_key "${SERVER_CRT%/*}/next.crt" ||
      fatal $DAMAGED "$SERVER_CRT is not the certificate of $SERVER_KEY" 'Put both back from a backup, or remove both for a new pair.'
  fi
}

# is_certificate_of_key FILE: the next one is where a renewal was interrupted at its very end; the timer goes on with it.
is_certificate_of_key() {
  [[ "$(openssl x509 -in "$1" -noout -pubkey 2>/dev/null)" == "$(openssl pkey -in "$SERVER_KEY" -pubout)" ]]
}

make_keys() {
  if is_role nuc; then
    if [[ ! -e $ACTOR_KEY || -n $ROTATE ]]; then
      put_made 'signing key' "$ACTOR_KEY" 600 root:root openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256
    fi
    if [[ ! -e $WEBHOOK_SECRET ]]; then
      put_made 'webhook secret' "$WEBHOOK_SECRET" 600 hugo-mcp-proxy:hugo-mcp-proxy hex 32
    elif [[ -n $ROTATE ]]; then
      warn "$WEBHOOK_SECRET stays, since GitHub knows it: arleo webhook-secret rotate loses no push"
    fi
  fi
  if is_role vm && [[ ! -e $SERVER_CRT ]]; then
    change "write TLS key $SERVER_KEY and certificate $SERVER_CRT" make_certificate
  fi
  if [[ ${ANSWER[ROLE]} == all ]]; then
    put_actor_pub "$(openssl pkey -in "$ACTOR_KEY" -pubout 2>/dev/null || true)"
    put_pinned "$(cat "$SERVER_CRT" 2>/dev/null || true)"
  fi
}

# put_made WHAT FILE MODE OWNER COMMAND...: a file that did not exist, with what the command prints.
put_made() {
  local what="$1" file="$2" mode="$3" owner="$4" text=''
  shift 4
  if [[ -z $DRY_RUN ]]; then
    text="$("$@")"
    [[ -n $text ]] || fatal $FAILED "could not make the $what" 'See the lines above.'
    text+=$'\n'
  fi
  put_file "$what" "$file" "$mode" "$owner" "$text"
}

# make_certificate: for the address by which hugo-mcp-proxy calls. A key that is there gets one.
make_certificate() {
  local names=()
  [[ ${ANSWER[ROLE]} == all ]] || names=(--names "${ANSWER[VM_ADDRESS]}")
  quietly /usr/bin/node "$RELEASES/$RELEASE/arleo/arleo.js" cert create "${names[@]}" ||
    fatal $FAILED 'could not make the certificate' 'See the line above.'
}

# put_actor_pub TEXT: the public half, which hugo-mcp checks actors with. In a dry run it may not be known.
put_actor_pub() { put_if_known 'public key' "$ACTOR_PUB" "$1"; }

# put_pinned TEXT: the certificate that hugo-mcp-proxy takes, and what follows from it.
put_pinned() {
  [[ -e $PINNED_CRT && ( -z $1 || "$(<"$PINNED_CRT")" == *"$1"* ) ]] || put_if_known 'pinned certificate' "$PINNED_CRT" "$1"
}

put_if_known() {
  if [[ -n $3 ]]; then
    put_file "$1" "$2" 644 root:root "$3"$'\n'
  elif [[ ! -e $2 ]]; then
    change "write $1 $2"
  fi
}

# tokens_file: where the hashes are; without hugo-mcp on this host, those that go to the other.
tokens_file() {
  if is_role vm; then
    echo /var/lib/hugo-mcp/tokens.json
  else
    echo "$RECORD/tokens.json"
  fi
}

# write_tokens: hugo-mcp knows the two tokens of the other services by hashes.
write_tokens() {
  is_role nuc || return 0
  adopt_token "$OAUTH_ENV" MCP_TOKEN mcp-oauth-proxy
  adopt_token "$PROXY_ENV" WEBHOOK_TOKEN 'hugo-mcp-proxy: webhook' --scope site:pull
}

# adopt_token FILE NAME LABEL OPTION...: the .env is what counts, so that an interrupted run is finished by the next.
adopt_token() {
  local file name="$2" label="$3" token lookup
  file="$(tokens_file)"
  read_env "$1"
  token="$(env_value "$name")"
  shift 3
  lookup="${token#hmcp_}" lookup="${lookup%%_*}"
  if [[ -z $token || ! -f $file ]] || [[ -n $ROTATE && -n $DRY_RUN ]] || ! grep -q "\"lookup\": \"$lookup\"" "$file"; then
    make_folders_of_tokens "$(dirname "$file")"
    change "put the hash of $name into $file" token_manager adopt --file "$file" --label "$label" \
      --token-file <(printf '%s\n' "$token") "$@"
  fi
}

make_folders_of_tokens() {
  if is_role vm; then
    make_folder "$1" 750 hugo-mcp:hugo-mcp
  else
    make_folder "$1" 700 root:root
  fi
}

token_manager() {
  /usr/bin/node "$RELEASES/$RELEASE/arleo/token-mgr.js" "$@" >/dev/null ||
    fatal $FAILED 'token-mgr refused' 'See the line above.'
}
