# shellcheck shell=bash
# The files NAME=VALUE, read as Node reads them and never run as shell: what stands in them may be anything.
# Sourced by install.sh.

# What read_env found: values by name, the names in order, and the text.
declare -A ENV_VALUE=()
ENV_TEXT=''
ENV_FAULT=''

# read_env FILE: fills ENV_VALUE and ENV_TEXT. A file that is not there is empty; one that is damaged fails, and ENV_FAULT
# says how: a half-written line, a name that is there twice, an open quote, bytes that are no text.
read_env() {
  local file="$1" line name value quote number=0
  ENV_VALUE=()
  ENV_TEXT=''
  [[ -e $file || -L $file ]] || return 0
  [[ -f $file && -r $file ]] || { ENV_FAULT='it is not a file that can be read' && return 1; }
  [[ "$(stat -Lc %s "$file")" -le 65536 ]] || { ENV_FAULT='it is larger than 64 KiB' && return 1; }
  cmp -s "$file" <(tr -d '\000' <"$file") || { ENV_FAULT='there are zero bytes in it' && return 1; }
  read_text ENV_TEXT "$file"
  while IFS= read -r line || [[ -n $line ]]; do
    number=$((number + 1))
    line="${line%$'\r'}"
    [[ ! $line =~ ^[[:space:]]*(#.*)?$ ]] || continue
    [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)[[:space:]]*=[[:space:]]*(.*)$ ]] ||
      { ENV_FAULT="line $number is not NAME=VALUE" && return 1; }
    name="${BASH_REMATCH[2]}" value="${BASH_REMATCH[3]}" quote=''
    [[ -z ${ENV_VALUE[$name]+there} ]] || { ENV_FAULT="line $number sets $name a second time" && return 1; }
    case "$value" in
      [\"\'\`]*)
        quote="${value:0:1}" value="${value:1}"
        # A quoted value, such as a key, may go on over several lines.
        while [[ $value != *"$quote"* ]]; do
          IFS= read -r line || { ENV_FAULT="the quote of $name is not closed" && return 1; }
          number=$((number + 1))
          value+=$'\n'"${line%$'\r'}"
        done
        value="${value%%"$quote"*}"
        ;;
      *)
        value="${value%%#*}"
        value="${value%"${value##*[![:space:]]}"}"
        ;;
    esac
    ENV_VALUE[$name]="$value"
  done <"$file"
}

# has_env NAME: is there a value, here or in a file that NAME_FILE names? Empty counts as absent, as for the services.
has_env() { [[ -n ${ENV_VALUE[$1]:-} || -n ${ENV_VALUE[${1}_FILE]:-} ]]; }

# env_value NAME: the value, from wherever it is.
env_value() {
  if [[ -n ${ENV_VALUE[$1]:-} || -z ${ENV_VALUE[${1}_FILE]:-} ]]; then
    printf '%s' "${ENV_VALUE[$1]:-}"
  else
    printf '%s' "$(<"${ENV_VALUE[${1}_FILE]}")"
  fi
}

# set_env NAME VALUE: puts a plain value into ENV_TEXT: on its line if there is one, else at the end.
set_env() {
  local name="$1" value="$2" line text='' done=''
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ -z $done && $line =~ ^[[:space:]]*(export[[:space:]]+)?"$name"[[:space:]]*= ]]; then
      line="$name=$value" done=yes
    fi
    text+="$line"$'\n'
  done < <(printf '%s' "$ENV_TEXT")
  [[ -n $done ]] || text+="$name=$value"$'\n'
  ENV_TEXT="$text"
  ENV_VALUE[$name]="$value"
}
