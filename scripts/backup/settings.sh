# shellcheck shell=bash
# backup.conf, and the key that it names. Sourced by backup.sh.

# only_root FILE: nobody but root could have written it.
only_root() {
  local owner mode
  read -r owner mode < <(stat -L -c '%u %a' -- "$1") && [[ $owner -eq 0 && $((8#$mode & 8#022)) -eq 0 ]]
}

# read_config FILE: it is parsed, never run.
read_config() {
  local file="$1" line name value
  [[ -f $file ]] || fatal "$file is not there" 'Write it: backup.sh --help shows how.' 78
  only_root "$file" || fatal "$file can be written by others than root" "Run: chown root: $file && chmod 0600 $file" 78
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line =~ ^[[:space:]]*(#.*)?$ ]] && continue
    [[ $line =~ ^([A-Z_]+)=(.*[^[:space:]])[[:space:]]*$ ]] ||
      fatal "$file has a line that is not NAME=VALUE: ${line:0:60}" 'backup.sh --help shows what it may say.' 78
    name="${BASH_REMATCH[1]}" value="${BASH_REMATCH[2]}"
    case "$name" in
      KEY) KEY="${value//[[:space:]]/}" KEY="${KEY^^}" ;;
      KEY_FILE) KEY_FILE="$value" ;;
      FOLDER) FOLDER="${value%/}" ;;
      KEEP_DAYS) KEEP_DAYS="$value" ;;
      *) fatal "$file has the unknown name $name" 'It may say KEY, KEY_FILE, FOLDER and KEEP_DAYS.' 78 ;;
    esac
  done <"$file"
  [[ $KEY =~ ^([0-9A-F]{40}|[0-9A-F]{64})$ ]] ||
    fatal "KEY in $file is not a fingerprint of 40 hexadecimal digits" 'gpg --fingerprint shows it, on the machine with your key.' 78
  [[ $KEY_FILE == /* && $FOLDER == /?* ]] || fatal "$file names a path that does not begin with /" 'Give whole paths.' 78
  [[ $KEEP_DAYS =~ ^[1-9][0-9]{0,3}$ ]] || fatal "KEEP_DAYS in $file is not a number from 1 to 9999" 'For example: KEEP_DAYS=30' 78
}

gpg_() { gpg --homedir "$RUN/gnupg" --no-options --batch --no-tty --no-autostart --quiet "$@"; }

# check_key: the file holds the one key that is meant, its public part alone, and archives can be encrypted to it.
check_key() {
  local listed
  [[ -f $KEY_FILE ]] || fatal "$KEY_FILE is not there" "On the machine with your key: gpg --armor --export $KEY; bring its output to $KEY_FILE." 78
  only_root "$KEY_FILE" || fatal "$KEY_FILE can be written by others than root" "Run: chown root: $KEY_FILE && chmod 0600 $KEY_FILE" 78
  listed="$(gpg_ --show-keys --with-colons -- "$KEY_FILE" 2>"$RUN/gpg.log")" ||
    fatal "$KEY_FILE holds no OpenPGP key" "gpg said: $(tail -n 1 "$RUN/gpg.log")" 78
  if grep -q '^se[cs]:\|^ssb:' <<<"$listed" || grep -q 'PRIVATE KEY' "$KEY_FILE"; then
    fatal "$KEY_FILE holds a private key" "Remove it from this host; bring the public part alone: gpg --armor --export $KEY" 78
  fi
  [[ "$(grep -c '^pub:' <<<"$listed")" -eq 1 && "$(awk -F: '$1 == "fpr" { print $10; exit }' <<<"$listed")" == "$KEY" ]] ||
    fatal "$KEY_FILE does not hold exactly the key $KEY" 'Compare the fingerprint: somebody may have changed the file.' 78
  RECIPIENTS="$(awk -F: '($1 == "pub" || $1 == "sub") && $2 !~ /[eridn]/ && $12 ~ /e/ { print $5 }' <<<"$listed")"
  [[ -n $RECIPIENTS ]] || fatal "nothing can be encrypted to the key $KEY any more: it is expired, revoked, or for signing alone" \
    'On the machine with your key: gpg --quick-set-expire, then export it again.' 78
}
