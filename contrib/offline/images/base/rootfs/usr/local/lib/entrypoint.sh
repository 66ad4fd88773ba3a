# shellcheck shell=bash
# What the servers' entrypoints share. Names and behaviour follow the official images.

# file_env NAME...: a variable NAME may be given as NAME_FILE, a file that holds its value.
file_env() {
  local name file_name
  for name; do
    file_name="${name}_FILE"
    [ -n "${!file_name:-}" ] || continue
    if [ -n "${!name:-}" ]; then
      echo >&2 "error: both $name and $file_name are set (but are exclusive)"
      exit 1
    fi
    export "$name=$(<"${!file_name}")"
    unset "$file_name"
  done
}

# asks_for_help ARGUMENT...: whether the server would only print something and end.
asks_for_help() {
  local argument
  for argument; do
    case $argument in -'?' | --help | --describe-config | -V | --version) return 0 ;; esac
  done
  return 1
}

# give_to USER FOLDER...: makes the folders where they are absent, and USER the owner of all in them.
give_to() {
  local user=$1 folder
  shift
  for folder; do
    mkdir -p "$folder"
    find "$folder" \! -user "$user" -exec chown "$user:$user" '{}' +
  done
}

# become USER HOME COMMAND...: this process becomes COMMAND, run by USER, for good.
become() {
  local user=$1 home=$2
  shift 2
  exec setpriv --reuid="$user" --regid="$user" --init-groups env HOME="$home" "$@"
}

# run_init_files CLIENT...: runs what lies in /docker-entrypoint-initdb.d, SQL through CLIENT's standard input.
run_init_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh)
        # as in the official images: a script that is not executable is sourced
        if [ -x "$file" ]; then
          "$file"
        else
          # shellcheck source=/dev/null
          . "$file"
        fi
        ;;
      *.sql) "$@" <"$file" ;;
      *.sql.gz) gunzip -c "$file" | "$@" ;;
    esac
  done
}
