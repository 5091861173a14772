# shellcheck shell=bash
# What the owner has to say: in options, a file, the environment, an earlier run, or at the terminal. Sourced by install.sh.

readonly ANSWERS_FILE=/etc/arleo/install.conf
readonly QUESTIONS=(ROLE DOMAIN SITE VM_ADDRESS NUC_ADDRESS TLS_CERTIFICATE TLS_KEY)

# What counts, and what was said in this very run: only that changes a setting that is there.
declare -A ANSWER=() SAID=()
GIVEN_ANSWERS=''
JOIN_FILE=''

# take_option OPTION VALUE
take_option() {
  local name="${1#--}"
  name="${name//-/_}" name="${name^^}"
  case "$name" in
    ANSWERS) GIVEN_ANSWERS="$2" ;;
    JOIN) JOIN_FILE="$2" ;;
    *) SAID[$name]="$2" ;;
  esac
}

# find_answers: options count before the file, the file before the environment, and all of these before an earlier run.
find_answers() {
  local name variable
  if [[ -n $GIVEN_ANSWERS ]]; then
    [[ -f $GIVEN_ANSWERS ]] || fatal $USAGE "there is no file $GIVEN_ANSWERS" 'Give --answers the path of a file with lines NAME=VALUE.'
    take_answers "$GIVEN_ANSWERS" $USAGE
  fi
  for name in "${QUESTIONS[@]}"; do
    variable="ARLEO_$name"
    [[ -n ${SAID[$name]:-} || -z ${!variable:-} ]] || SAID[$name]="${!variable}"
  done
  for name in "${!SAID[@]}"; do
    ANSWER[$name]="${SAID[$name]}"
  done
  read_remembered
  load_join
  ask_rest
  for name in "${QUESTIONS[@]}"; do
    check_answer "$name" "${ANSWER[$name]:-}"
  done
  # Without a slash at its end, and without links on the way: what is looked at is the place itself.
  [[ -z ${ANSWER[SITE]:-} ]] || ANSWER[SITE]="$(realpath -m -- "${ANSWER[SITE]}")"
  check_answer SITE "${ANSWER[SITE]:-}"
}

# take_answers FILE STATUS: those that were not given as options.
take_answers() {
  local name
  read_env "$1" || fatal "$2" "$1 cannot be understood: $ENV_FAULT" 'Write one answer on each line: DOMAIN=mcp.example.org'
  for name in "${!ENV_VALUE[@]}"; do
    case " ${QUESTIONS[*]} JOIN " in
      *" $name "*) ;;
      *) fatal "$2" "$1 has an unknown name: $name" "These are known: ${QUESTIONS[*]} JOIN." ;;
    esac
    [[ $name != JOIN ]] || { JOIN_FILE="${JOIN_FILE:-${ENV_VALUE[$name]}}" && continue; }
    [[ -n ${SAID[$name]:-} || -z ${ENV_VALUE[$name]} ]] || SAID[$name]="${ENV_VALUE[$name]}"
  done
}

read_remembered() {
  local name
  read_env "$ANSWERS_FILE" || fatal $DAMAGED "$ANSWERS_FILE cannot be understood: $ENV_FAULT" 'Mend it, or remove it and answer again.'
  for name in "${QUESTIONS[@]}"; do
    [[ -n ${ANSWER[$name]:-} || -z ${ENV_VALUE[$name]:-} ]] || ANSWER[$name]="${ENV_VALUE[$name]}"
  done
  [[ -z ${ENV_VALUE[ROLE]:-} || $ACTION != install || ! -L $RELEASES/current || ${ANSWER[ROLE]} == "${ENV_VALUE[ROLE]}" ]] ||
    fatal $PRECONDITION "this host was installed as ${ENV_VALUE[ROLE]}, not ${ANSWER[ROLE]}" 'To give it another role: install.sh --uninstall first.'
}

ask_rest() {
  ask ROLE 'Which role has this host (nuc, vm, all)?' all
  case "${ANSWER[ROLE]}" in
    nuc | vm | all) ;;
    *) fatal $USAGE "there is no role ${ANSWER[ROLE]@Q}" 'The roles are nuc, vm and all.' ;;
  esac
  if is_role nuc; then
    ask DOMAIN 'By which host name does Claude reach it?' "$(this_host)"
  fi
  if is_role vm; then
    ask SITE 'In which folder is the Hugo site?' /srv/site
  fi
  case "${ANSWER[ROLE]}" in
    nuc)
      ask VM_ADDRESS "Which address has the site's host?" ''
      ask NUC_ADDRESS "Which address has this host, as the site's host sees it?" "$(own_address "${ANSWER[VM_ADDRESS]:-}")"
      ;;
    vm)
      ask NUC_ADDRESS 'Which address has the other host?' ''
      ask VM_ADDRESS 'Which address has this host, as the other sees it?' "$(own_address "${ANSWER[NUC_ADDRESS]:-}")"
      ;;
  esac
}

# ask NAME QUESTION DEFAULT: at a terminal, unless it is answered.
ask() {
  local name="$1" reply=''
  [[ -z ${ANSWER[$name]:-} ]] || return 0
  if [[ -z $YES && -z $DRY_RUN && $ACTION == install && -t 0 ]]; then
    read -r -p "$2 ${3:+[$3] }" reply || true
  fi
  ANSWER[$name]="${reply:-$3}"
}

# this_host: the name that it has been given before, else its own.
this_host() {
  local name
  if read_env /etc/mcp-oauth-proxy/.env && [[ ${ENV_VALUE[PUBLIC_URL]:-} =~ ^https://([a-z0-9.-]+)$ ]]; then
    printf '%s' "${BASH_REMATCH[1]}"
    return
  fi
  name="$(hostname --fqdn 2>/dev/null || hostname)"
  printf '%s' "${name,,}"
}

# own_address OTHER: the address of this host that is most likely on the network of the other.
own_address() {
  local address first=''
  for address in $(hostname --all-ip-addresses 2>/dev/null); do
    [[ $address != *:* || $1 == *:* ]] || continue
    first="${first:-$address}"
    [[ -z $1 || ${address%.*} != "${1%.*}" ]] || first="$address"
  done
  printf '%s' "$first"
}

# check_answer NAME VALUE: these go into files of nginx and systemd, so only what cannot mean anything else there.
check_answer() {
  local name="$1" value="$2"
  [[ -n $value ]] || return 0
  case "$name" in
    DOMAIN)
      [[ $value =~ ^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$ && ${#value} -le 253 ]] ||
        fatal $USAGE "${value@Q} is no host name" 'Give a name in lower case, without https:// and path: mcp.example.org'
      ;;
    VM_ADDRESS | NUC_ADDRESS)
      [[ $value =~ ^[0-9]{1,3}(\.[0-9]{1,3}){3}$ || $value =~ ^[0-9a-f]*:[0-9a-f:]*:[0-9a-f:]*$ ]] ||
        fatal $USAGE "${value@Q} is no address" 'Give an IPv4 or IPv6 address: 192.168.122.69'
      ;;
    SITE | TLS_CERTIFICATE | TLS_KEY)
      [[ $value =~ ^/[A-Za-z0-9._/@+-]+$ && $value != *..* ]] ||
        fatal $USAGE "${value@Q} is no path that can be used" 'Give an absolute path of letters, digits and . _ / @ + -'
      ;;
  esac
}

remember_answers() {
  local name text='# What install.sh was told, for its next run; options count before it.'$'\n'
  for name in "${QUESTIONS[@]}"; do
    [[ -z ${ANSWER[$name]:-} ]] || text+="$name=${ANSWER[$name]}"$'\n'
  done
  [[ -n $DRY_RUN || ! -e $ANSWERS_FILE ]] || read_text ANSWERS_BEFORE "$ANSWERS_FILE"
  put_file answers "$ANSWERS_FILE" 644 root:root "$text"
}
