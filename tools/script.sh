# SPDX-License-Identifier: Apache-2.0
# What the shell scripts share: --help, and errors in the words of the programs. A script that reads this file gets
# --help answered from its opening comment.

# script_error CODE TEXT: ends the script.
script_error() {
  echo "error: $2" >&2
  exit "$1"
}

# wrong_command TEXT
wrong_command() { script_error 2 "command line: $1. Run ${script_name} --help to see the options."; }

# unknown_word WORD OPTION ...: names the option that begins or ends like the word.
unknown_word() {
  local word=$1 option near=
  shift
  for option in "$@"; do
    if [ "${option:0:4}" = "${word:0:4}" ] || [ "${option: -3}" = "${word: -3}" ]; then
      near="; did you mean \"$option\"?"
    fi
  done
  case $word in
    -*) near="unknown option \"$word\"$near" ;;
    *) near="unexpected argument \"$word\"" ;;
  esac
  [ "${near: -1}" != '?' ] || script_error 2 "command line: $near Run ${script_name} --help to see the options."
  wrong_command "$near"
}

script_name=$0
for script_word in "$@"; do
  case $script_word in
    -h | --help)
      sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
  esac
done
