# shellcheck shell=bash
# What one host has to know of the other, in a file that the owner carries over: public keys, the certificate, hashes of
# tokens. There is no secret in it; whoever could change it on its way could speak for the other host, so it goes by scp.
# Sourced by install.sh.

# load_join: what is in the file that was given, before the questions: it answers one.
load_join() {
  [[ -n $JOIN_FILE && $ACTION == install ]] || return 0
  [[ -f $JOIN_FILE ]] || fatal $USAGE "there is no file $JOIN_FILE" 'Give --join the file that the other host has written.'
  read_env "$JOIN_FILE" || fatal $USAGE "$JOIN_FILE is no such file: $ENV_FAULT" 'Copy it again from the other host.'
  JOIN_FOR="${ENV_VALUE[ARLEO_JOIN]:-}" JOIN_ADDRESS="${ENV_VALUE[ADDRESS]:-}"
  JOIN_CERTIFICATE="$(decoded SERVER_CRT)" JOIN_ACTOR="$(decoded ACTOR_PUB)" JOIN_TOKENS="$(decoded TOKENS)"
  case "$JOIN_FOR" in
    nuc) : "${ANSWER[VM_ADDRESS]:=$JOIN_ADDRESS}" ;;
    vm) : "${ANSWER[NUC_ADDRESS]:=$JOIN_ADDRESS}" ;;
    *) fatal $USAGE "$JOIN_FILE was not written by install.sh" 'Give --join the file that the other host has written.' ;;
  esac
}

JOIN_FOR='' JOIN_ADDRESS='' JOIN_CERTIFICATE='' JOIN_ACTOR='' JOIN_TOKENS=''

decoded() { printf '%s' "${ENV_VALUE[$1]:-}" | base64 --decode 2>/dev/null || true; }

check_join() {
  case "${ANSWER[ROLE]}" in
    nuc) [[ -n ${ANSWER[VM_ADDRESS]:-} ]] || fatal $USAGE "the address of the site's host is missing" 'Give --vm-address ADDRESS.' ;;
    vm) [[ -n ${ANSWER[VM_ADDRESS]:-} && -n ${ANSWER[NUC_ADDRESS]:-} ]] ||
      fatal $USAGE 'the addresses of the two hosts are missing' 'Give --vm-address and --nuc-address, or --join FILE.' ;;
  esac
  [[ ${ANSWER[ROLE]} != vm || ${ANSWER[VM_ADDRESS]} == *:* || " $(hostname --all-ip-addresses 2>/dev/null)" == *" ${ANSWER[VM_ADDRESS]} "* ]] ||
    warn "${ANSWER[VM_ADDRESS]} is no address of this host, and hugo-mcp can only listen to one that is"
  [[ -n $JOIN_FOR ]] || return 0
  [[ $JOIN_FOR == "${ANSWER[ROLE]}" ]] ||
    fatal $USAGE "$JOIN_FILE is for the role $JOIN_FOR, and this host is ${ANSWER[ROLE]}" 'Take the file that the other host has written for this one.'
  [[ $JOIN_FOR != nuc || $JOIN_CERTIFICATE == '-----BEGIN CERTIFICATE-----'*'-----END CERTIFICATE-----'* ]] &&
    [[ $JOIN_FOR != vm || $JOIN_ACTOR == '-----BEGIN PUBLIC KEY-----'*'-----END PUBLIC KEY-----'* && $JOIN_TOKENS == '{'* ]] ||
    fatal $USAGE "$JOIN_FILE is damaged" 'Copy it again from the other host.'
}

take_join() {
  case "$JOIN_FOR" in
    nuc)
      openssl_takes x509 "$JOIN_CERTIFICATE"
      put_pinned "$JOIN_CERTIFICATE"
      ;;
    vm)
      openssl_takes 'pkey -pubin' "$JOIN_ACTOR"
      put_actor_pub "$JOIN_ACTOR"
      put_file 'hashes of tokens' "$RECORD/joined-tokens.json" 600 root:root "$JOIN_TOKENS"$'\n'
      make_folders_of_tokens "$(dirname "$(tokens_file)")"
      change "put the hashes of the other host's tokens into $(tokens_file)" \
        token_manager adopt --file "$(tokens_file)" --from "$RECORD/joined-tokens.json"
      ;;
  esac
}

# openssl_takes FORM TEXT
openssl_takes() {
  [[ -z $DRY_RUN ]] || return 0
  # shellcheck disable=SC2086  # The form is words.
  printf '%s\n' "$2" | openssl $1 -noout 2>/dev/null || fatal $USAGE "$JOIN_FILE is damaged" 'Copy it again from the other host.'
}

# lacks: what this host still has to be told of the other, in words; nothing if it is complete.
lacks() {
  [[ -z $DRY_RUN ]] || return 0
  case "${ANSWER[ROLE]}" in
    nuc)
      [[ -s $PINNED_CRT ]] || echo "the certificate of the site's host"
      [[ -z $ROTATE || ! -s $PINNED_CRT ]] || echo "the site's host to know its new tokens"
      ;;
    vm) [[ -s $ACTOR_PUB && -s $(tokens_file) ]] || echo 'the public key and the tokens of the other host' ;;
  esac
}

join_file() { echo "$RECORD/for-$1.join"; }

# write_join: for the other host. Its text is always known but in a dry run on a fresh host.
write_join() {
  local text='# What install.sh on the other host has to know of this one: --join FILE. No secret is in it; copy it with scp.'$'\n'
  case "${ANSWER[ROLE]}" in
    nuc)
      text+="ARLEO_JOIN=vm"$'\n'"ADDRESS=${ANSWER[NUC_ADDRESS]}"$'\n'
      text+="ACTOR_PUB=$(openssl pkey -in "$ACTOR_KEY" -pubout 2>/dev/null | base64 --wrap=0)"$'\n'
      text+="TOKENS=$(base64 --wrap=0 "$(tokens_file)" 2>/dev/null || true)"$'\n'
      put_file 'what the other host has to know' "$(join_file vm)" 600 root:root "$text"
      ;;
    vm)
      text+="ARLEO_JOIN=nuc"$'\n'"ADDRESS=${ANSWER[VM_ADDRESS]}"$'\n'
      text+="SERVER_CRT=$(base64 --wrap=0 "$SERVER_CRT" 2>/dev/null || true)"$'\n'
      put_file 'what the other host has to know' "$(join_file nuc)" 600 root:root "$text"
      ;;
  esac
}
