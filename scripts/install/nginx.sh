# shellcheck shell=bash
# The public address: nginx and its firewall. Sourced by install.sh.

# check_certificate: one that the owner has. Without openssl, as on a fresh host, a part of it waits until that is there.
CERTIFICATE_CHECKED=''
check_certificate() {
  is_role nuc && [[ -z $CERTIFICATE_CHECKED ]] || return 0
  local certificate="${ANSWER[TLS_CERTIFICATE]:-}" key="${ANSWER[TLS_KEY]:-}"
  [[ -z $certificate && -z $key ]] && return
  [[ -n $certificate && -n $key ]] || fatal $USAGE 'a certificate goes with its key' 'Give both --tls-certificate and --tls-key.'
  [[ -f $certificate && -f $key ]] || fatal $PRECONDITION "$certificate or $key is not there" 'Give the paths of two files, PEM.'
  command -v openssl >/dev/null || return 0
  CERTIFICATE_CHECKED=yes
  openssl x509 -in "$certificate" -noout 2>/dev/null || fatal $PRECONDITION "$certificate is no certificate" 'Give one in PEM, with its chain behind it.'
  [[ "$(openssl x509 -in "$certificate" -noout -pubkey)" == "$(openssl pkey -in "$key" -passin pass: -pubout 2>/dev/null)" ]] ||
    fatal $PRECONDITION "$key is not the key of $certificate" 'Give the private key that was made for it, PEM, without a passphrase.'
  openssl x509 -in "$certificate" -noout -checkhost "${ANSWER[DOMAIN]}" 2>/dev/null | grep -q 'does match' ||
    warn "$certificate is not for ${ANSWER[DOMAIN]}: Claude will not take it, unless what is in front of this host does"
}

# self_signed: for the time until there is another. Prints its path without .crt and .key.
self_signed() { printf '/etc/arleo/tls/%s' "${ANSWER[DOMAIN]}"; }

make_public_certificate() {
  local base
  base="$(self_signed)"
  make_folder "$(dirname "$base")" 700 root:root
  if [[ ! -s $base.key ]]; then
    put_made 'TLS key' "$base.key" 600 root:root openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256
  fi
  # Its end would only be one more thing to mend: it is made anew a month before.
  if [[ ! -s $base.crt ]] || ! openssl x509 -in "$base.crt" -noout -checkend 2592000 >/dev/null 2>&1; then
    put_made 'self-signed certificate' "$base.crt" 644 root:root openssl req -x509 -key "$base.key" -sha256 -days 365 \
      -subj "/CN=${ANSWER[DOMAIN]}" -addext "subjectAltName=DNS:${ANSWER[DOMAIN]}"
  fi
}

write_nginx() {
  is_role nuc || return 0
  local file text
  [[ -n ${ANSWER[TLS_CERTIFICATE]:-} ]] || make_public_certificate
  for file in "$SOURCE"/infra/nginx/arleo/*.conf; do
    [[ ${file##*/} == callers-listed.conf ]] || put_owners 'nginx configuration' "/etc/nginx/arleo/${file##*/}" "$(<"$file")"
  done
  for file in "$SOURCE"/infra/modsecurity/*.conf; do
    put_owners 'firewall rules' "/etc/nginx/arleo/modsecurity/${file##*/}" "$(<"$file")"
  done
  text="$(<"$SOURCE/infra/nginx/mcp.conf")"
  text="${text//\/etc\/ssl\/mcp.example.org.crt/${ANSWER[TLS_CERTIFICATE]:-$(self_signed).crt}}"
  text="${text//\/etc\/ssl\/mcp.example.org.key/${ANSWER[TLS_KEY]:-$(self_signed).key}}"
  put_owners 'nginx site' /etc/nginx/conf.d/mcp.conf "${text//mcp.example.org/${ANSWER[DOMAIN]}}"
}

# start_nginx: what it would not take never gets to the nginx that runs.
start_nginx() {
  is_role nuc || return 0
  if is_started nginx "$(nginx_stamp)"; then
    return
  fi
  if [[ -z $DRY_RUN ]]; then
    quietly nginx -t || fatal $FAILED 'nginx does not take its configuration' 'See the lines above: another site of this nginx may have the same name or port.'
  fi
  change 'reload nginx.service' load_nginx
}

load_nginx() {
  systemctl enable --quiet nginx
  quietly systemctl reload-or-restart nginx || fatal $FAILED 'nginx does not start' 'See: journalctl -u nginx'
  remember_start nginx "$(nginx_stamp)"
}

nginx_stamp() {
  cat /etc/nginx/nginx.conf /etc/nginx/conf.d/mcp.conf /etc/nginx/arleo/*.conf /etc/nginx/arleo/modsecurity/*.conf \
    "${ANSWER[TLS_CERTIFICATE]:-$(self_signed).crt}" 2>/dev/null | sha256sum | cut -c 1-64
}
